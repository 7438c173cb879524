"""The main text of a web page: which elements of the tree to keep.

readability-lxml chooses the elements; they are read from the page as it was parsed, in its order. Headings, tables,
lists, code and captions within the main text stay, even those that readability-lxml drops. A page of which it finds too
little is kept whole, without navigation and footers.
"""

from __future__ import annotations

import copy
import logging
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .html_text import BLOCKS, HEADINGS, is_invisible, tag

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

#: Elements to remove are renamed to this. No page can hold it, because the parser lower-cases all names.
REMOVED = "REMOVED"
#: The attribute by which an element is recognized in the copy that readability-lxml returns.
NUMBER = "data-number"
#: The attributes that readability-lxml looks at.
ATTRIBUTES = frozenset({"class", "id", "itemprop"})

#: Elements and roles that are never main text.
BOILERPLATE = frozenset({"nav", "footer"})
BOILERPLATE_ROLES = frozenset("navigation banner contentinfo search dialog alertdialog menu menubar".split())

#: Elements of the main text that stay, unless they are mostly links.
STAY = HEADINGS | frozenset("ul ol dl table pre figcaption".split())

#: An element with this share of a page's text outside links is not dropped by the name of its class.
WRAPPER_SHARE = 0.9
#: If less than this share of a page's text outside links is found, the page is kept whole.
MIN_SHARE = 0.25

#: Limits on the code points that readability-lxml copies, and on its visits of elements, both counted once for each
#: enclosing element. Reaching a limit takes a few seconds; of 100 real pages the costliest reaches a third of it.
MAX_COPIED, MAX_VISITED = 1_000_000_000, 10_000_000
#: Code points of text that cost as much as a visit; within a link, a single one does, for each link around it. A link
#: itself costs 40 visits, because its text is collected and cleaned each time.
TEXT_PER_VISIT, VISITS_PER_LINK = 4, 40

#: Runs of white space are cut to this length, because readability-lxml takes quadratic time for them. A run of ``n``
#: characters costs as much as ``n * n / 10`` characters of other text.
LONGEST_SPACES, SPACES_PER_TEXT = 80, 10
LONG_SPACES = re.compile(r"\s{8,}")
EXCESS = re.compile(rf"(?<=\s{{{LONGEST_SPACES}}})\s+")


def keep_main_text(root: Element) -> None:
    """Remove from a tree what a browser does not show, navigation, and what is not main text."""
    elements = list(root.iter("{*}*"))
    _prune(elements, _outside(elements, lambda each: is_invisible(each) or _is_boilerplate(each)))
    elements = list(root.iter("{*}*"))
    letters = _count_letters(elements)
    selected = _select(root, elements, letters)
    if sum(map(_own, selected)) >= MIN_SHARE * letters[root].outside_links:
        _prune(elements, selected)


@dataclass(slots=True)
class _Letters:
    """Non-white-space code points of an element: all, and those in links."""

    all: int = 0
    linked: int = 0

    @property
    def outside_links(self) -> int:
        return self.all - self.linked


def _count_letters(elements: list[Element]) -> dict[Element, _Letters]:
    """Count for every element of a tree, given in document order."""
    counted = {element: _Letters() for element in elements}
    for element in reversed(elements):
        letters = counted[element]
        letters.all += _dense(element.text)
        if tag(element) == "a":
            letters.linked = letters.all
        parent = element.getparent()
        if parent is not None and parent in counted:
            counted[parent].all += letters.all + _dense(element.tail)
            counted[parent].linked += letters.linked
    return counted


def _outside(elements: list[Element], is_dropped: Callable[[Element], bool]) -> set[Element]:
    """The elements of a tree, given in document order, that are neither dropped nor in a dropped one."""
    kept = {elements[0]}
    for element in elements:
        if element.getparent() in kept and not is_dropped(element):
            kept.add(element)
    return kept


def _prune(elements: list[Element], kept: Collection[Element]) -> None:
    """Remove all text but that of some elements.

    Args:
        elements: All elements of the tree, in document order.
        kept: Those whose own text stays. The text after an element is that of its parent.
    """
    from lxml import etree

    holding: set[Element | None] = set()
    for element in reversed(elements):
        if element in kept or element in holding:
            holding.add(element.getparent())
    for element in elements:
        if element in kept:
            continue
        if element in holding or element is elements[0]:
            element.text = None
            for child in element:
                child.tail = None
            continue
        tail = element.tail
        element.clear()
        element.tail = tail
        # An empty block still separates the text before it from the text after.
        if tag(element) not in BLOCKS:
            element.tag = REMOVED
    # All at once: removing them one by one takes quadratic time.
    etree.strip_elements(elements[0], REMOVED, with_tail=False)


def _select(root: Element, elements: list[Element], letters: dict[Element, _Letters]) -> set[Element]:
    """The elements of the main text; none if they are not found, or if that would take too long."""
    chosen = _choose(root, elements, letters)
    # Elements that lie in a chosen one, dropped or not.
    inside: set[Element | None] = set()
    for element in elements:
        parent = element.getparent()
        if element in chosen or parent in inside:
            inside.add(element)
    for element in elements:
        name, stated = tag(element), letters[element]
        if name not in STAY or element in chosen or element not in inside or stated.linked * 2 > stated.all:
            continue
        # A heading that is dropped with what it heads belongs to it.
        if name not in HEADINGS or element.getparent() in chosen:
            chosen.update(element.iter("{*}*"))
    return chosen


def _choose(root: Element, elements: list[Element], letters: dict[Element, _Letters]) -> set[Element]:
    """The elements that readability-lxml chooses; none if it finds none, or if it would take too long."""
    import readability
    from lxml import etree

    _shorten_spaces(elements)
    if _takes_too_long(root, elements):
        return set()
    page = copy.deepcopy(root)
    most = WRAPPER_SHARE * letters[root].outside_links
    for number, (element, copied) in enumerate(zip(elements, page.iter("{*}*"), strict=True)):
        is_safe = letters[element].outside_links >= most and _is_dropped_by_name(element)
        for name in list(copied.attrib):
            if name not in ATTRIBUTES or is_safe:
                del copied.attrib[name]
        copied.set(NUMBER, str(number))
    # It logs the errors that it raises.
    logging.getLogger("readability.readability").setLevel(logging.CRITICAL)
    document = readability.Document(etree.tostring(page, encoding="unicode", method="html"))
    try:
        document.summary()
    except readability.readability.Unparseable:
        return set()
    numbers = (each.get(NUMBER) for each in document.html.iter("{*}*"))
    return {elements[int(number)] for number in numbers if number}


def _is_dropped_by_name(element: Element) -> bool:
    """True if readability-lxml may drop an element for its class or id."""
    from readability.readability import REGEXES

    named = f"{element.get('class') or ''} {element.get('id') or ''}"
    return bool(REGEXES["unlikelyCandidatesRe"].search(named) and not REGEXES["okMaybeItsACandidateRe"].search(named))


def _takes_too_long(root: Element, elements: list[Element]) -> bool:
    # readability-lxml removes elements one by one, and each time copies the adjacent text.
    copied = sum(len(parent) * sum(len(each.tail or "") for each in parent) for parent in elements)
    # It searches the content of every element.
    return copied > MAX_COPIED or sum(_visits(root)) > MAX_VISITED


def _visits(root: Element) -> Iterator[float]:
    """What each element costs readability-lxml, in visits: its depth multiplied by the cost of what it holds."""
    from lxml import etree

    depth = links = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        step = 1 if event == "start" else -1
        depth += step
        is_link = tag(element) == "a"
        text = element.text if event == "start" else element.tail
        links += step * is_link
        spaces = sum(len(run) ** 2 for run in LONG_SPACES.findall(text or ""))
        cost = (len(text or "") + spaces / SPACES_PER_TEXT) * (links or 1 / TEXT_PER_VISIT)
        yield depth * (cost + (event == "start") * (VISITS_PER_LINK if is_link else 1))


def _shorten_spaces(elements: list[Element]) -> None:
    for element in elements:
        if element.text:
            element.text = EXCESS.sub("", element.text)
        if element.tail:
            element.tail = EXCESS.sub("", element.tail)


def _is_boilerplate(element: Element) -> bool:
    return tag(element) in BOILERPLATE or (element.get("role") or "").lower() in BOILERPLATE_ROLES


def _own(element: Element) -> int:
    """Letters of an element without those of the elements in it."""
    return _dense(element.text) + sum(_dense(child.tail) for child in element)


def _dense(text: str | None) -> int:
    return len("".join(text.split())) if text else 0
