"""Formulas of Word on one line."""

import pytest
from lxml import etree

from rag.formats.word_math import linear

NAMESPACES = (
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
)


def _linear(formula: str) -> str:
    return linear(etree.fromstring(f"<m:oMath {NAMESPACES}>{formula}</m:oMath>"))


def _run(text: str) -> str:
    return f"<m:r><w:rPr><w:i/></w:rPr><m:t>{text}</m:t></m:r>"


def _of(name: str, properties: str = "", **parts: str) -> str:
    inside = "".join(f"<m:{part}>{content}</m:{part}>" for part, content in parts.items())
    return f"<m:{name}><m:{name}Pr>{properties}</m:{name}Pr>{inside}</m:{name}>"


SQUARE = _of("sSup", e=_run("b"), sup=_run("2"))


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (_run("P = 9810 Q h / 0.62"), "P = 9810 Q h / 0.62"),
        (_of("f", num=_run("a+b"), den=_run("2a")), "(a+b)/2a"),
        (_of("f", '<m:type m:val="noBar"/>', num=_run("n"), den=_run("k")), "n¦k"),
        (_run("x = ") + _of("rad", '<m:degHide m:val="1"/>', deg="", e=SQUARE + _run("−4ac")), "x = √(b^2−4ac)"),
        (_of("rad", deg=_run("3"), e=_run("x")), "√(3&x)"),
        (_of("sSub", e=_run("x"), sub=_run("i+1")), "x_(i+1)"),
        (_of("sSubSup", e=_run("x"), sub=_run("i"), sup=_run("2")), "x_i^2"),
        (_of("sPre", sub=_run("6"), sup=_run("14"), e=_run("C")), "_6^14 C"),
        (_of("nary", '<m:chr m:val="∑"/>', sub=_run("i=1"), sup=_run("n"), e=_run("i")), "∑_(i=1)^n i"),
        (_of("nary", sub="", sup="", e=_run("f(x)dx")), "∫ f(x)dx"),
        (_of("d", '<m:begChr m:val="["/><m:endChr m:val="]"/>', e=_run("0,1")), "[0,1]"),
        (_of("d", e=_run("x")).replace("</m:d>", f"<m:e>{_run('y')}</m:e></m:d>"), "(x|y)"),
        (_of("func", fName=_of("limLow", e=_run("lim"), lim=_run("n→∞")), e=_run("a")), "lim_(n→∞) a"),
        (_of("acc", '<m:chr m:val="\u20d7"/>', e=_run("v")), "v\u20d7"),
        ("<m:m><m:mr><m:e>" + _run("1") + "</m:e><m:e>" + _run("2") + "</m:e></m:mr>"
         "<m:mr><m:e>" + _run("3") + "</m:e><m:e>" + _run("4") + "</m:e></m:mr></m:m>", "1, 2; 3, 4"),
        (_of("eqArr", e=_run("x=1")).replace("</m:eqArr>", f"<m:e>{_run('y=2')}</m:e></m:eqArr>"), "x=1; y=2"),
        (_of("box", e=_run("q")) + f"<w:del>{_run('gone')}</w:del>", "q"),
    ],
)  # fmt: skip
def test_formula_is_written_on_one_line(formula: str, expected: str) -> None:
    assert _linear(formula) == expected
