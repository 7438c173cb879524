"""HTML: the main text of a page, without menus, banners and footers.

The main text is the ``main`` element or a single ``article``, else what readability-lxml extracts, else all that is
left after menus and the like are removed: a leftover menu is better than text that can never be found.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..text.plural import counted
from ..types import Document, name_title
from .base import Parsed, Remark
from .blocks import Blocks
from .html_text import BLOCKS, HEADINGS, add_markup, is_invisible, tag
from .sanitize import iso_date, one_line
from .text import BYTE_ORDER_MARKS, decode, guess_remarks

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

#: The HTML standard searches the first 1024 bytes; real pages declare it later.
DECLARED_ENCODING = re.compile(
    rb"""(?:<meta[^>]{0,200}?charset|<\?xml[^>]{0,200}?encoding)\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE
)
SEARCHED_BYTES = 4096

#: Elements to remove are renamed to this. No page can hold it, because the parser lower-cases all names.
REMOVED = "REMOVED"

PAGE_END = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)

#: Elements and roles that are never main text.
BOILERPLATE = frozenset({"nav", "footer"})
BOILERPLATE_ROLES = frozenset(
    "navigation banner contentinfo complementary search dialog alertdialog menu menubar".split()
)
#: Ids and classes of navigation; it counts as such if it consists mostly of links.
NAVIGATION_NAME = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|side-?bar|breadcrumbs?|footer|related|share|social|toc)\b",
    re.IGNORECASE,
)
#: Ids and classes of consent banners, and their maximum length in code points.
CONSENT_NAME = re.compile(r"cookie|consent|gdpr", re.IGNORECASE)
MAX_CONSENT = 2_000

#: If readability-lxml finds less than this share of a page's text, its result is discarded.
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

#: Elements in which a ``header`` is not that of the page.
PARTS = frozenset({"main", "article", "section"})

TITLES = ("og:title", "dc.title", "dcterms.title")
AUTHORS = ("author", "article:author", "dc.creator", "dcterms.creator", "parsely-author")
DATES = ("article:published_time", "date", "dc.date", "dcterms.created", "dcterms.date", "datepublished", "pubdate")
DESCRIPTIONS = ("description", "og:description", "dc.description")


def read_html(document_id: str, raw: bytes) -> Parsed:
    """The main text; headings are places. The title is the first heading if the page's title contains it."""
    source, encoding, warnings = decode_html(document_id, raw)
    root = parse_html(source)
    blocks = Blocks()
    metadata: dict[str, object] = {"encoding": encoding}
    title = ""
    if root is not None:
        metadata = {**page_metadata(root), **metadata}
        add_markup(blocks, main_element(root))
        title = str(metadata.get("title") or "")
    # The page's title often includes the name of the site.
    heading = blocks.places[0].heading or "" if blocks.places else ""
    document = Document(
        document_id,
        blocks.text(),
        (heading if heading in title or not title else title) or title or name_title(document_id),
        metadata=metadata,
        places=tuple(blocks.places),
    )
    return Parsed([document], warnings=warnings)


def decode_html(document_id: str, raw: bytes) -> tuple[str, str, list[Remark]]:
    """The source, the name of its encoding, and warnings about it.

    The encoding is that of the byte-order mark, else UTF-8 if valid, else the declared one, else a guess.

    Raises:
        DocumentError: The bytes are binary, or their encoding is unknown.
    """
    declared = DECLARED_ENCODING.search(raw[:SEARCHED_BYTES])
    if declared and not any(raw.startswith(mark) for mark, _ in BYTE_ORDER_MARKS):
        name = declared.group(1).decode("ascii", "replace").lower()
        # The HTML standard decodes these as Windows-1252, their superset.
        name = "cp1252" if name in ("iso-8859-1", "latin1", "us-ascii", "ascii") else name
        for encoding, errors in (("utf-8", "strict"), (name, "strict"), (name, "replace")):
            try:
                text = raw.decode(encoding, errors)
            except (LookupError, ValueError):
                continue
            if b"\x00" in raw or "utf-16" in encoding or "utf-32" in encoding:
                break
            wrong = text.count("\ufffd") if errors == "replace" else 0
            remark = Remark(
                document_id, f"{counted(wrong, 'byte')} not valid in {name}, the declared encoding, became \ufffd"
            )
            return text, encoding, [remark] if wrong else []
    text, encoding = decode(raw)
    return text, encoding, guess_remarks(document_id, encoding)


def parse_html(source: str) -> Element | None:
    """Parse a page, repairing invalid markup; None if it is empty."""
    from lxml import etree

    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True, remove_comments=True, remove_pis=True)
    # libxml2 drops everything after these tags, which in concatenated pages is text.
    source = PAGE_END.sub("", source)
    try:
        return etree.fromstring(source.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:
        return None


def page_metadata(root: Element) -> dict[str, object]:
    """Title, author, date and description, if the page states them."""
    stated: dict[str, str] = {}
    for meta in root.iter("{*}meta"):
        name = meta.get("property") or meta.get("name") or meta.get("itemprop") or ""
        if content := one_line(meta.get("content")):
            stated.setdefault(name.lower(), content)
    heads = ["".join(map(str, title.itertext())) for title in root.iter("{*}title")]
    found: dict[str, object] = {
        "title": _first(stated, TITLES) or (one_line(heads[0]) if heads else ""),
        "author": _first(stated, AUTHORS),
        "date": next((date for name in DATES if (date := iso_date(stated.get(name, "")))), None),
        "description": _first(stated, DESCRIPTIONS),
    }
    return {name: value for name, value in found.items() if value}


def main_element(root: Element) -> Element:
    """The element with the main text. Modifies the tree: boilerplate is emptied or removed."""
    from lxml import etree

    elements = list(root.iter("{*}*"))
    letters = _count_letters(elements)
    for element in elements:
        if element is not root and (is_invisible(element) or _is_boilerplate(element, letters[element])):
            tail = element.tail
            element.clear()
            element.tail = tail
            # An empty block still separates the text before it from the text after.
            if tag(element) not in BLOCKS:
                element.tag = REMOVED
    # All at once: removing them one by one takes quadratic time.
    etree.strip_elements(root, REMOVED, with_tail=False)
    for candidates in ([each for each in root.iter("{*}*") if _is_main(each)], list(root.iter("{*}article"))):
        if len(candidates) == 1 and _letters(candidates[0]):
            return candidates[0]
    found = _extract_main(root)
    return found if found is not None and _letters(found) >= MIN_SHARE * _letters(root) else root


def _extract_main(root: Element) -> Element | None:
    """The main text according to readability-lxml; None if it finds nothing or would take too long."""
    import readability
    from lxml import etree

    _shorten_spaces(root)
    # It removes elements one by one, and each time copies the adjacent text.
    if sum(len(parent) * sum(len(each.tail or "") for each in parent) for parent in root.iter("{*}*")) > MAX_COPIED:
        return None
    # It searches the content of every element.
    if sum(_visits(root)) > MAX_VISITED:
        return None
    # It logs the errors that it raises.
    logging.getLogger("readability.readability").setLevel(logging.CRITICAL)
    try:
        return parse_html(readability.Document(etree.tostring(root, encoding="unicode", method="html")).summary())
    except readability.readability.Unparseable:
        return None


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


def _shorten_spaces(root: Element) -> None:
    for element in root.iter("{*}*"):
        if element.text:
            element.text = EXCESS.sub("", element.text)
        if element.tail:
            element.tail = EXCESS.sub("", element.tail)


def _is_boilerplate(element: Element, letters: _Letters) -> bool:
    name, role = tag(element), (element.get("role") or "").lower()
    if name in BOILERPLATE or role in BOILERPLATE_ROLES:
        return True
    if name == "header" and not letters.in_part:
        # A page header holds the menu, but some hold the only headline.
        return not letters.has_headline
    if name in ("html", "body", "main", "article"):
        return False
    named = f"{element.get('id') or ''} {element.get('class') or ''}"
    # An aside may be a note; if it consists mostly of links, it is navigation.
    if name == "aside" or NAVIGATION_NAME.search(named):
        return bool(letters.linked) and (letters.linked + letters.headings) * 2 > letters.all
    return bool(CONSENT_NAME.search(named)) and letters.all < MAX_CONSENT


@dataclass(slots=True)
class _Letters:
    """An element's contents.

    Attributes:
        all, linked, headings: Non-whitespace code points: all, in links, and in headings within it.
        has_headline: Whether it holds an ``h1``.
        in_part: Whether it is in one of ``PARTS``.
    """

    all: int = 0
    linked: int = 0
    headings: int = 0
    has_headline: bool = False
    in_part: bool = False


def _count_letters(elements: list[Element]) -> dict[Element, _Letters]:
    """Count for every element of a tree, given in document order, in one pass each way."""
    counted = {element: _Letters() for element in elements}
    for element in elements:
        parent = element.getparent()
        if parent is not None and parent in counted:
            counted[element].in_part = counted[parent].in_part or tag(parent) in PARTS
    for element in reversed(elements):
        letters = counted[element]
        letters.all += _dense(element.text)
        if tag(element) == "a":
            letters.linked += letters.all
        parent = element.getparent()
        if parent is not None and parent in counted:
            totals = counted[parent]
            totals.all += letters.all + _dense(element.tail)
            totals.linked += letters.linked
            totals.has_headline |= letters.has_headline or tag(element) == "h1"
            totals.headings += letters.headings + (letters.all if tag(element) in HEADINGS else 0)
    return counted


def _is_main(element: Element) -> bool:
    return tag(element) == "main" or (element.get("role") or "").lower() == "main"


def _letters(element: Element) -> int:
    return sum(_dense(str(text)) for text in element.itertext())


def _dense(text: str | None) -> int:
    return len("".join(text.split())) if text else 0


def _first(stated: dict[str, str], names: tuple[str, ...]) -> str | None:
    return next((stated[name] for name in names if name in stated), None)
