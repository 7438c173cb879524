"""HTML: the main text of a page, without its menus, banners and footers.

A page says itself what its main text is (``main``, a lone ``article``), or readability-lxml finds it, or all that is
left when menus and the like are taken out is taken: rather a menu too many than a text that can never be found.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..types import Document, name_title
from .base import Parsed, Remark
from .blocks import Blocks
from .html_text import BLOCKS, HEADINGS, add_markup, tag, unseen
from .sanitize import iso_date, one_line
from .text import BYTE_ORDER_MARKS, decode, guess_remarks

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

#: The HTML standard has it looked for in the first 1024 bytes; real pages are later.
DECLARED_ENCODING = re.compile(
    rb"""(?:<meta[^>]{0,200}?charset|<\?xml[^>]{0,200}?encoding)\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE
)
LOOKED_THROUGH = 4096

#: What is to be taken out of a tree is renamed to it; no page can hold it, as the parser makes all names lower case.
NOTHING = "NOTHING"

PAGE_END = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)

#: Parts of a page that are never its text.
AROUND = frozenset({"nav", "footer"})
AROUND_ROLES = frozenset("navigation banner contentinfo complementary search dialog alertdialog menu menubar".split())
#: Names that site builders give to what leads elsewhere, where it consists of links.
LINKS = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|side-?bar|breadcrumbs?|footer|related|share|social|toc)\b",
    re.IGNORECASE,
)
#: And to what asks for consent.
CONSENT = re.compile(r"cookie|consent|gdpr", re.IGNORECASE)
MOST_OF_CONSENT = 2_000

#: Less than this part of what a page shows, and the extractor has missed something.
LEAST_PART = 0.25
#: Code points that it may have to copy: a second or two. Pages of people need a hundredth.
MOST_COPIED = 1_000_000_000

TITLES = ("og:title", "dc.title", "dcterms.title")
AUTHORS = ("author", "article:author", "dc.creator", "dcterms.creator", "parsely-author")
DATES = ("article:published_time", "date", "dc.date", "dcterms.created", "dcterms.date", "datepublished", "pubdate")
DESCRIPTIONS = ("description", "og:description", "dc.description")


def read_html(document_id: str, raw: bytes) -> Parsed:
    """The main text; headings are places, and the first is the title where the page's own holds it."""
    source, encoding, warnings = decode_html(document_id, raw)
    root = parse_html(source)
    blocks = Blocks()
    metadata: dict[str, object] = {"encoding": encoding}
    title = ""
    if root is not None:
        metadata = {**page_metadata(root), **metadata}
        add_markup(blocks, main_element(root))
        title = str(metadata.get("title") or "")
    # The page's own title often names the site as well.
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

    A byte-order mark decides, then UTF-8 if the bytes are that, then what the page declares, then a guess.

    Raises:
        DocumentError: The bytes are binary, or in no encoding that could be told.
    """
    declared = DECLARED_ENCODING.search(raw[:LOOKED_THROUGH])
    if declared and not any(raw.startswith(mark) for mark, _ in BYTE_ORDER_MARKS):
        name = declared.group(1).decode("ascii", "replace").lower()
        # The HTML standard reads both names as Windows' superset, because pages are.
        name = "cp1252" if name in ("iso-8859-1", "latin1", "us-ascii", "ascii") else name
        for encoding, errors in (("utf-8", "strict"), (name, "strict"), (name, "replace")):
            try:
                text = raw.decode(encoding, errors)
            except (LookupError, ValueError):
                continue
            if b"\x00" in raw or "utf-16" in encoding or "utf-32" in encoding:
                break
            wrong = text.count("\ufffd") if errors == "replace" else 0
            remark = Remark(document_id, f"{wrong:,} bytes are not {name}, which it says it is, and became \ufffd")
            return text, encoding, [remark] if wrong else []
    text, encoding = decode(raw)
    return text, encoding, guess_remarks(document_id, encoding)


def parse_html(source: str) -> Element | None:
    """The tree of a page, mended where it is broken; None where there is nothing in it."""
    from lxml import etree

    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True, remove_comments=True, remove_pis=True)
    # libxml2 drops what follows them; in pages that are put together out of several, that is text.
    source = PAGE_END.sub("", source)
    try:
        return etree.fromstring(source.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:
        return None


def page_metadata(root: Element) -> dict[str, object]:
    """Title, author, date and description, as far as the page states them."""
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
    """The part of a page that is its text. Changes the tree: what is not to be read is emptied, or taken out."""
    from lxml import etree

    elements = list(root.iter("{*}*"))
    letters = _count_letters(elements)
    for element in elements:
        if element is not root and (unseen(element) or _around(element, letters[element])):
            after = element.tail
            element.clear()
            element.tail = after
            # An empty block still parts what stands before it from what stands after.
            if tag(element) not in BLOCKS:
                element.tag = NOTHING
    # All at once: to take them out one by one would cost the square of how many they are.
    etree.strip_elements(root, NOTHING, with_tail=False)
    for candidates in ([each for each in root.iter("{*}*") if _says_main(each)], list(root.iter("{*}article"))):
        if len(candidates) == 1 and _letters(candidates[0]):
            return candidates[0]
    found = _readable_part(root)
    return found if found is not None and _letters(found) >= LEAST_PART * _letters(root) else root


def _readable_part(root: Element) -> Element | None:
    """What readability-lxml takes for the main text; None where there is nothing, or where it would take too long."""
    import readability
    from lxml import etree

    # It takes out elements one by one, and each time copies the text that thereby runs together.
    if sum(len(parent) * sum(len(each.tail or "") for each in parent) for parent in root.iter("{*}*")) > MOST_COPIED:
        return None
    # It reports on stderr what it then raises as well.
    logging.getLogger("readability.readability").setLevel(logging.CRITICAL)
    try:
        return parse_html(readability.Document(etree.tostring(root, encoding="unicode", method="html")).summary())
    except readability.readability.Unparseable:
        return None


def _around(element: Element, letters: _Letters) -> bool:
    name, role = tag(element), (element.get("role") or "").lower()
    if name in AROUND or role in AROUND_ROLES:
        return True
    if name == "header" and next(element.iterancestors("{*}main", "{*}article", "{*}section"), None) is None:
        # At the top of a page it holds the menu; but some hold the page's only headline.
        return next(element.iter("{*}h1"), None) is None
    if name in ("html", "body", "main", "article"):
        return False
    named = f"{element.get('id') or ''} {element.get('class') or ''}"
    # Notes are asides as well: what consists of links is not one.
    if name == "aside" or LINKS.search(named):
        return bool(letters.linked) and (letters.linked + letters.headings) * 2 > letters.all
    return bool(CONSENT.search(named)) and letters.all < MOST_OF_CONSENT


@dataclass(slots=True)
class _Letters:
    """Code points of an element that are no white space: all, those in links, and those in headings within it."""

    all: int = 0
    linked: int = 0
    headings: int = 0


def _count_letters(elements: list[Element]) -> dict[Element, _Letters]:
    """Those of each of all elements of a tree, given in the tree's order, in one pass from its leaves to its root."""
    counted = {element: _Letters() for element in elements}
    for element in reversed(elements):
        letters = counted[element]
        letters.all += _dense(element.text)
        if tag(element) == "a":
            letters.linked += letters.all
        parent = element.getparent()
        if parent is not None and parent in counted:
            around = counted[parent]
            around.all += letters.all + _dense(element.tail)
            around.linked += letters.linked
            around.headings += letters.headings + (letters.all if tag(element) in HEADINGS else 0)
    return counted


def _says_main(element: Element) -> bool:
    return tag(element) == "main" or (element.get("role") or "").lower() == "main"


def _letters(element: Element) -> int:
    return sum(_dense(str(text)) for text in element.itertext())


def _dense(text: str | None) -> int:
    return len("".join(text.split())) if text else 0


def _first(stated: dict[str, str], names: tuple[str, ...]) -> str | None:
    return next((stated[name] for name in names if name in stated), None)
