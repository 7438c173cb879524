"""HTML: the main text of a page, its metadata, and the encoding of its bytes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..text.plural import counted
from ..types import Document, name_title
from .base import Parsed, Remark
from .blocks import Blocks
from .html_text import add_markup
from .main_text import keep_main_text
from .out_of_memory import raise_if_out_of_memory
from .pictures import count_pictures, drawings_to_pictures
from .sanitize import iso_date, one_line
from .text import BYTE_ORDER_MARKS, decode, guess_remarks
from .unread import unread

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

#: The HTML standard searches the first 1024 bytes; real pages declare it later.
DECLARED_ENCODING = re.compile(
    rb"""(?:<meta[^>]{0,200}?charset|<\?xml[^>]{0,200}?encoding)\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE
)
SEARCHED_BYTES = 4096

PAGE_END = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)

TITLES = ("og:title", "dc.title", "dcterms.title")
AUTHORS = ("author", "article:author", "dc.creator", "dcterms.creator", "parsely-author")
DATES = ("article:published_time", "date", "dc.date", "dcterms.created", "dcterms.date", "datepublished", "pubdate")
DESCRIPTIONS = ("description", "og:description", "dc.description")


def read_html(document_id: str, raw: bytes) -> Parsed:
    """The main text; headings are places. The title is the first heading if the page's title contains it.

    Large pictures in the main text, and drawings with words, are counted.
    """
    source, encoding, warnings = decode_html(document_id, raw)
    root = parse_html(source)
    blocks = Blocks()
    metadata: dict[str, object] = {"encoding": encoding}
    title = ""
    if root is not None:
        metadata = {**page_metadata(root), **metadata}
        drawings_to_pictures(root)
        keep_main_text(root)
        add_markup(blocks, root)
        warnings = [*warnings, *unread(document_id, {"picture": count_pictures(root)})]
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
    """Parse a page, repairing invalid markup; None if it is empty.

    Raises:
        MemoryError: The page needs more memory than there is.
    """
    from lxml import etree

    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True, remove_comments=True, remove_pis=True)
    # libxml2 drops everything after these tags, which in concatenated pages is text.
    source = PAGE_END.sub("", source)
    try:
        return etree.fromstring(source.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as error:
        raise_if_out_of_memory(error)
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


def _first(stated: dict[str, str], names: tuple[str, ...]) -> str | None:
    return next((stated[name] for name in names if name in stated), None)
