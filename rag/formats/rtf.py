"""RTF: the paragraphs, lists and tables of a Rich Text document in order; headings are places.

striprtf decodes the text. What it does not keep apart is marked before: cells, headings, line breaks, notes and text
boxes; the last two come last. Deleted text is left out. Pictures, comments, embedded objects, page headers and footers
are not read.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ..errors import DocumentError
from ..text.plural import counted
from ..types import Document, name_title
from .base import Parsed, Remark
from .blocks import BLANK_LINE, Blocks
from .sanitize import iso_date, one_line
from .unread import unread

#: Characters that no text holds, for what is marked.
HEADING, CELL, LINE, NOTE, NOTE_END, BOX, BOX_END = map(chr, range(0xFDD0, 0xFDD7))

BINARY = re.compile(rb"\\bin(\d{1,9}) ?")
NOT_ASCII = re.compile(rb"[\x80-\xff]")
BRACE = re.compile(r"\\[\\{}]|[{}]")

#: Groups whose content is not read, by their first word; of a picture saved twice, the second copy is not counted.
UNREAD = {
    "pict": "picture", "annotation": "comment", "objdata": "embedded object",
    "header[lrf]?": "page header", "footer[lrf]?": "page footer",
}  # fmt: skip
#: Groups that hold data, not text.
DATA = ("pict", "objdata")
#: What is no text in a group.
CONTROL = re.compile(r"\\[a-z]+-?\d*|\\\*|[{}\s]")
COPY = re.compile(r"\\nonshppict(?![a-z])")


def _mark(character: str) -> str:
    """Control words that give a character."""
    return f"{{\\uc0\\u{ord(character) - 0x10000} }}"


#: Control words that are replaced, and those in their place. Of a link, striprtf would search the address in quadratic
#: time and add it to the text.
REPLACED = {
    r"fldinst": r"\fldinst0 ",
    r"(?:nest)?cell": _mark(CELL),
    r"(?:nest)?row": r"\par ",
    r"line": _mark(LINE),
    r"outlinelevel[0-8]": _mark(HEADING),
}
FONT_TABLE = re.compile(r"\\fonttbl(?![a-z])")
#: The number of a font, and its character set.
FONT = re.compile(r"\\(f|fcharset)(\d{1,5})(?!\d)")
#: LibreOffice marks footnotes as groups that a reader may skip.
FOOTNOTE = re.compile(r"(?:\\\*)?\\footnote(?![a-z])")
TEXT_BOX = re.compile(r"\\shptxt(?![a-z])")
#: Word writes boxes in both forms.
OLD_TEXT_BOX = re.compile(r"\\dptxbxtext(?![a-z])")
#: Text boxes in text boxes that are read.
NESTED_BOXES = 8
#: The number or mark of a list item before its text. Numbers in full and letters may also stand in the first column of
#: a table, so no other tab may follow.
ITEM = re.compile(
    r"\s*(?:(\d{1,3}[.)]|(?:\d{1,3}(?:\.\d{1,3})+[.)]?|[A-Za-z][.)]|[ivxIVX]{2,6}[.)]|\(\w{1,5}\))(?=\t+[^\t]*$))"
    r"|[^\w\s]|[o§ü])\t+"
)
DATE = r"\\%s\\yr(\d{4})\\mo(\d{1,2})\\dy(\d{1,2})"


def read_rtf(document_id: str, raw: bytes) -> Parsed:
    """The text; title, author and date (revised, else created) come from the file's information group."""
    if not raw.lstrip().startswith(b"{\\rtf"):
        raise DocumentError("is not an RTF file; open it in the program that made it and save it as RTF again")
    source = NOT_ASCII.sub(lambda found: b"\\'%02x" % found.group()[0], _without_binary(raw)).decode("ascii")
    # An escaped backslash is no control word.
    source = source.replace("\\\\", r"\'5c")
    # Text boxes in deleted text are deleted as well.
    source, _ = _emptied(source, r"deleted(?!\d)")
    missing: dict[str, int] = {"text box": 0 if TEXT_BOX.search(source) else len(OLD_TEXT_BOX.findall(source))}
    copies = len(COPY.findall(source))
    for word, noun in UNREAD.items():
        source, missing[noun] = _emptied(source, word)
    missing["picture"] -= min(copies, missing["picture"])
    metadata = _metadata(source)
    text = _decoded(_marked(_with_plain_fonts(source)))
    wrong = text.count("\ufffd")
    blocks = Blocks()
    _add(blocks, text)
    first = blocks.places[0].heading if blocks.places and blocks.places[0].start == 0 else None
    title = str(metadata.get("title") or first or name_title(document_id))
    document = Document(document_id, blocks.text(), title, metadata=metadata, places=tuple(blocks.places))
    invalid = f"{counted(wrong, 'byte')} not valid in the declared encoding became \ufffd"
    remark = Remark(document_id, invalid, is_unread=True)
    return Parsed([document], warnings=[*([remark] if wrong else []), *unread(document_id, missing)])


def _without_binary(raw: bytes) -> bytes:
    """The source without the binary data of pictures, which may hold braces."""
    pieces, at = [], 0
    while found := BINARY.search(raw, at):
        pieces.append(raw[at : found.start()])
        at = found.end() + int(found[1])
    return b"".join([*pieces, raw[at:]])


def _end(source: str, at: int) -> int:
    """Where the group around an offset ends: at its closing brace, or the end of the source."""
    depth = 1
    for brace in BRACE.finditer(source, at):
        depth += {"{": 1, "}": -1}.get(brace.group(), 0)
        if not depth:
            return brace.start()
    return len(source)


def _emptied(source: str, word: str) -> tuple[str, int]:
    """The source without the content of the groups of a word, and the number of those that are not blank."""
    pattern = re.compile(rf"\\{word}(?![a-z])")
    pieces, at, count = [], 0, 0
    while found := pattern.search(source, at):
        pieces.append(source[at : found.start()])
        at = _end(source, found.end())
        count += word in DATA or bool(CONTROL.sub("", source[found.end() : at]))
    return "".join([*pieces, source[at:]]), count


def _with_plain_fonts(source: str) -> str:
    """The source with font tables that hold nothing but character sets: striprtf searches others in quadratic time."""
    pieces, at = [], 0
    while found := FONT_TABLE.search(source, at):
        end = _end(source, found.end())
        font, fonts = "0", []
        for word, number in FONT.findall(source[found.end() : end]):
            if word == "f":
                font = number
            else:
                fonts.append(f"{{\\f{font}\\fcharset{number} x;}}")
        pieces += [source[at : found.end()], *fonts]
        at = end
    return "".join([*pieces, source[at:]])


def _marked(source: str) -> str:
    """The source with marks for what striprtf does not keep apart."""
    for word, instead in REPLACED.items():
        source = re.sub(rf"\\{word}(?![a-z0-9]) ?", instead.replace("\\", r"\\"), source)
    source = _with_boxes_last(source)
    pieces, at = [], 0
    while found := FOOTNOTE.search(source, at):
        end = _end(source, found.end())
        pieces += [source[at : found.start()], _mark(NOTE), source[found.end() : end], _mark(NOTE_END)]
        at = end
    return "".join([*pieces, source[at:]])


def _with_boxes_last(source: str) -> str:
    """The source with the text of text boxes, which stands in groups that striprtf skips, at the end of its text."""
    for _ in range(NESTED_BOXES):
        pieces: list[str] = []
        boxes: list[str] = []
        at = 0
        while found := TEXT_BOX.search(source, at):
            end = _end(source, found.end())
            pieces.append(source[at : found.start()])
            boxes += [_mark(BOX), "{", source[found.end() : end], "}", _mark(BOX_END)]
            at = end
        if not boxes:
            break
        source = "".join([*pieces, source[at:]])
        end = _end(source, 1)
        source = "".join([source[:end], *boxes, source[end:]])
    return source


def _decoded(source: str) -> str:
    from striprtf.striprtf import rtf_to_text

    decode: Callable[..., str] = rtf_to_text
    try:
        text = decode(source, errors="replace")
    except LookupError as error:
        raise DocumentError(f"uses an encoding that is not supported ({error}); save it as .docx") from error
    # Characters beyond the first 65,536 are written as two.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _add(blocks: Blocks, text: str) -> None:
    """Add the paragraphs of a marked text, and then its notes and its text boxes, which may have notes as well."""
    apart: list[str] = []
    for begin, end in ((BOX, BOX_END), (NOTE, NOTE_END)):
        apart = re.findall(f"{begin}([^{end}]*)", text) + apart
        text = re.sub(f"{begin}[^{end}]*{end}?", "", text)
    last = ""
    for paragraph in text.split("\n"):
        content = paragraph.replace(HEADING, "").replace(LINE, "\n")
        kind = "row" if CELL in content else ""
        if kind:
            content = "\t".join(" ".join(cell.split()) for cell in content.split(CELL)).rstrip()
        elif item := ITEM.match(content):
            kind = "" if HEADING in paragraph else "item"
            content = f"{item[1] or '-'} {content[item.end() :]}"
        content = content.strip()
        if content:
            between = "\n" if kind and kind == last else BLANK_LINE
            blocks.add(content, between=between, heading=HEADING in paragraph and not kind)
            last = kind
    for each in apart:
        if each.strip():
            _add(blocks, each)


def _metadata(source: str) -> dict[str, object]:
    start = re.search(r"\{\\info(?![a-z])", source)
    if not start:
        return {}
    info = source[start.end() : _end(source, start.end())]
    dates = [re.search(DATE % word, info) for word in ("revtim", "creatim")]
    found: dict[str, object] = {
        "title": _stated(source, info, "title"),
        "author": _stated(source, info, "author"),
        "date": next((date for each in dates if each and (date := iso_date("-".join(each.groups())))), None),
    }
    return {name: value for name, value in found.items() if value}


def _stated(source: str, info: str, word: str) -> str:
    """The text of a group in the information group, in the code page of the file."""
    start = re.search(rf"\{{\\{word}(?![a-z])", info)
    if not start:
        return ""
    page = re.search(r"\\ansicpg\d+", source[:1_000])
    return one_line(_decoded(f"{{\\rtf1{page.group() if page else ''} {info[start.end() : _end(info, start.end())]}}}"))
