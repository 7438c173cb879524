"""Formulas of Office Math (ISO/IEC 29500-1, 22.1) as text on one line, such as ``x = (-b ± √(b^2 - 4ac))/(2a)``.

The notation is that of UnicodeMath (Unicode Technical Note 28), in which Word itself writes formulas on a line. What it
groups is in parentheses, where it is more than one letter or number.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from .word_package import MATH, WORD

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

#: An operand that needs no parentheses: a number or letters, or what is in parentheses already.
SIMPLE = re.compile(r"[\w.,∞′]*|\([^()]*\)|\[[^\[\]]*\]")

#: Properties, and deleted text.
SKIPPED = frozenset({WORD + "del", WORD + "moveFrom"})


def linear(formula: Element) -> str:
    """A formula on one line; empty if it holds nothing.

    Args:
        formula: An ``m:oMath`` or any part of one. Its depth is limited by the XML parser.
    """
    return "".join(map(_piece, formula))


def _piece(element: Element) -> str:
    tag = str(element.tag)
    if tag in (MATH + "t", WORD + "t"):
        return element.text or ""
    if tag in SKIPPED or tag.endswith("Pr"):
        return ""
    write = WRITERS.get(tag.removeprefix(MATH))
    return write(element) if write else linear(element)


def _part(element: Element, name: str) -> str:
    """A part of a structure, such as its numerator."""
    found = element.find(MATH + name)
    return "" if found is None else linear(found).strip()


def _operand(element: Element, name: str) -> str:
    """A part, in parentheses if it is more than a number or letters."""
    text = _part(element, name)
    return text if SIMPLE.fullmatch(text) else f"({text})"


def _property(element: Element, name: str, default: str) -> str:
    """A value of the properties of a structure."""
    found = element.find(f"{MATH}{str(element.tag).removeprefix(MATH)}Pr/{MATH}{name}")
    return default if found is None else found.get(MATH + "val", "")


def _fraction(element: Element) -> str:
    between = "¦" if _property(element, "type", "bar") == "noBar" else "/"
    return _operand(element, "num") + between + _operand(element, "den")


def _scripts(element: Element) -> str:
    below, above = _operand(element, "sub"), _operand(element, "sup")
    return (f"_{below}" if below else "") + (f"^{above}" if above else "")


def _script(element: Element) -> str:
    return _operand(element, "e") + _scripts(element)


def _prescript(element: Element) -> str:
    return f"{_scripts(element)} {_operand(element, 'e')}".lstrip()


def _radical(element: Element) -> str:
    degree = _part(element, "deg")
    return f"√({degree}&{_part(element, 'e')})" if degree else f"√{_operand(element, 'e')}"


def _nary(element: Element) -> str:
    return f"{_property(element, 'chr', '∫')}{_scripts(element)} {_part(element, 'e')}"


def _delimiters(element: Element) -> str:
    between = _property(element, "sepChr", "|")
    inside = between.join(linear(each).strip() for each in element.iterfind(MATH + "e"))
    return _property(element, "begChr", "(") + inside + _property(element, "endChr", ")")


def _function(element: Element) -> str:
    return f"{_part(element, 'fName')} {_part(element, 'e')}"


def _limit(between: str) -> Callable[[Element], str]:
    return lambda element: f"{_part(element, 'e')}{between}{_operand(element, 'lim')}"


def _accent(element: Element) -> str:
    return _operand(element, "e") + _property(element, "chr", "\u0302")


def _matrix(element: Element) -> str:
    rows = element.iterfind(MATH + "mr")
    return "; ".join(", ".join(linear(each).strip() for each in row.iterfind(MATH + "e")) for row in rows)


def _array(element: Element) -> str:
    return "; ".join(linear(each).strip() for each in element.iterfind(MATH + "e"))


WRITERS: dict[str, Callable[[Element], str]] = {
    "f": _fraction,
    "sSub": _script,
    "sSup": _script,
    "sSubSup": _script,
    "sPre": _prescript,
    "rad": _radical,
    "nary": _nary,
    "d": _delimiters,
    "func": _function,
    "limLow": _limit("_"),
    "limUpp": _limit("^"),
    "acc": _accent,
    "m": _matrix,
    "eqArr": _array,
}
