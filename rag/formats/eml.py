"""EML: the text of an e-mail message after its main headers; each attachment of a supported format is a document.

Of a text that is given as plain text and as HTML, the plain one is read. Attached messages are read like files.
Archives that are attached are not, as archives in archives are not.
"""

from __future__ import annotations

import email
import mimetypes
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Container, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email.header import decode_header, make_header
from email.message import Message
from email.policy import compat32
from email.utils import parseaddr, parsedate_to_datetime
from typing import Any

from ..errors import DocumentError
from ..types import Document, name_title
from .archive import ARCHIVES
from .base import Parsed, Remark
from .blocks import Blocks
from .html import parse_html
from .html_text import add_markup
from .names import suffix_of
from .sanitize import clean, one_line
from .text import decode
from .unread import unread, unsupported

#: Headers shown above the text, and one of which a message must have.
SHOWN = ("Subject", "From", "To", "Cc", "Date")
REQUIRED = (*SHOWN, "Received", "Message-ID", "MIME-Version")

#: Messages within messages that are read.
MAX_DEPTH = 5
#: Longest header that is decoded, in code points; a list of recipients may be long.
MAX_HEADER = 20_000

#: Writes a line that begins with "From " as it is.
VERBATIM = compat32.clone(mangle_from_=False)

ENCRYPTED = ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")


@dataclass(slots=True)
class _Content:
    """The leaves of a message: its texts in order, its attachments by name, and the number of inline pictures."""

    texts: list[Message] = field(default_factory=list)
    attachments: dict[str, Message] = field(default_factory=dict)
    pictures: int = 0


def read_eml(document_id: str, raw: bytes) -> Parsed:
    """The message and its attachments, with ids such as ``letter.eml/plan.pdf``; subject, sender, recipients and date
    are metadata."""
    message = _parsed(raw)
    headers = {name: value for name in SHOWN if (value := _header(message, name))}
    content = _content(message)
    blocks = Blocks()
    warnings: list[Remark] = []
    if headers:
        blocks.add("\n".join(f"{name}: {value}" for name, value in headers.items()))
    for text in content.texts:
        warnings += _add_text(blocks, document_id, text)
    title = headers.get("Subject") or name_title(document_id)
    document = Document(document_id, blocks.text(), title, metadata=_metadata(headers), places=tuple(blocks.places))
    attached = _attachments(document_id, content)
    warnings += unread(document_id, {"inline picture": content.pictures})
    return Parsed([document, *attached.documents], attached.skipped, [*warnings, *attached.warnings])


def read_attachment(raw: bytes, path: str) -> bytes:
    """The bytes of an attachment of a message.

    Args:
        raw: The message.
        path: Name of the attachment, as in the id of its document; after a slash, that of one in an attached message.

    Raises:
        DocumentError: There is no such attachment.
    """
    for name, part in _content(_parsed(raw)).attachments.items():
        if path == name:
            return _bytes(part)
        if path.startswith(f"{name}/"):
            return read_attachment(_bytes(part), path[len(name) + 1 :])
    raise DocumentError("is not attached to the message; run `rag index`")


def _parsed(raw: bytes) -> Message:
    message = email.message_from_bytes(raw.removeprefix(BOM_UTF8).lstrip())
    if not any(name in message for name in REQUIRED):
        raise DocumentError("is not an e-mail message: it has no headers; save it as .eml in the mail program")
    if message.get_content_type() in ENCRYPTED and "signed" not in str(message.get_param("smime-type")):
        raise DocumentError("is encrypted; save it decrypted in the mail program")
    return message


def _content(message: Message) -> _Content:
    found = _Content()
    names: Counter[str] = Counter()
    for part, is_related in _leaves(message):
        kind, name = part.get_content_type(), _header_text(part.get_filename() or "")
        is_attached = part.get_content_disposition() == "attachment"
        if kind in ("text/plain", "text/html") and not is_attached and not name:
            found.texts.append(part)
        elif part.get_content_maintype() == "image" and (is_related or not is_attached):
            found.pictures += 1
        else:
            found.attachments[_unique(_named(part, name), found.attachments, names)] = part
    return found


def _leaves(message: Message) -> Iterator[tuple[Message, bool]]:
    """The parts to read, in order, and whether each belongs to an HTML text."""
    stack = [(message, False)]
    while stack:
        part, is_related = stack.pop()
        payload: Any = part.get_payload()
        if part.get_content_maintype() != "multipart" or not isinstance(payload, list):
            yield part, is_related
            continue
        kind = part.get_content_type()
        if kind == "multipart/alternative":
            payload = [*_preferred(payload), *filter(_is_no_text, payload)]
        stack += [(each, is_related or kind == "multipart/related") for each in reversed(payload)]


def _preferred(alternatives: list[Message]) -> list[Message]:
    """The plain text, unless it is blank; else the last alternative, which is the richest."""
    for each in alternatives:
        if each.get_content_type() == "text/plain" and _bytes(each).strip():
            return [each]
    return [each for each in alternatives if not _is_no_text(each)][-1:]


def _is_no_text(part: Message) -> bool:
    """True for a part that is no version of the text, such as the calendar entry of an invitation."""
    return part.get_content_type() == "text/calendar" or part.get_content_maintype() not in ("text", "multipart")


def _add_text(blocks: Blocks, document_id: str, part: Message) -> list[Remark]:
    """Add the text of a part; returns a warning if its encoding is a guess."""
    raw = _bytes(part)
    if not raw.strip():
        return []
    charset = part.get_content_charset() or "utf-8"
    warnings: list[Remark] = []
    try:
        text = raw.decode(charset)
    except (LookupError, ValueError):
        text, charset = decode(raw)
        warnings = [Remark(document_id, f"its text was read as {charset}, a guess; its encoding is not as declared")]
    if part.get_content_type() == "text/html":
        root = parse_html(text)
        if root is not None:
            add_markup(blocks, root)
    elif text.strip():
        blocks.add(text.replace("\r\n", "\n").replace("\r", "\n").strip("\n"))
    return warnings


def _attachments(document_id: str, content: _Content) -> Parsed:
    """The documents of the attachments."""
    # Circular import: a message is itself a format.
    from .parsing import FORMATS, parse

    parsed = Parsed([])
    others = []
    for name, part in content.attachments.items():
        attachment_id = f"{document_id}/{name}"
        if suffix_of(name) in ARCHIVES:
            parsed.skipped.append(
                Remark(attachment_id, "is an archive in a message, which is not supported; save and unpack it")
            )
        elif suffix_of(name) not in FORMATS:
            others.append(name)
        elif attachment_id.lower().count(".eml/") > MAX_DEPTH:
            parsed.skipped.append(
                Remark(attachment_id, f"lies in more than {MAX_DEPTH} messages within each other; save it")
            )
        else:
            try:
                found = parse(attachment_id, _bytes(part))
            except DocumentError as error:
                parsed.skipped.append(Remark(attachment_id, str(error)))
                continue
            parsed.documents.extend(found.documents)
            parsed.skipped.extend(found.skipped)
            parsed.warnings.extend(found.warnings)
    parsed.warnings.extend(unsupported(document_id, "attachment", others))
    return parsed


def _bytes(part: Message) -> bytes:
    """The decoded content of a part; of an attached message, its source."""
    payload: Any = part.get_payload()
    if isinstance(payload, list):
        return b"\n".join(each.as_bytes(policy=VERBATIM) for each in payload)
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _named(part: Message, name: str) -> str:
    """The name of an attachment, without folders; one by its type if it has none."""
    name = clean(name).replace("\\", "/").rpartition("/")[2].strip(" .#").replace("#", "_")
    if part.get_content_type() == "message/rfc822":
        return name if name.lower().endswith(".eml") else f"{name or 'message'}.eml"
    return name or f"unnamed{mimetypes.guess_extension(part.get_content_type()) or ''}"


def _unique(name: str, others: Container[str], names: Counter[str]) -> str:
    """The name of an attachment, numbered if others have it; ``names`` counts how often each was given."""
    stem, dot, suffix = name.rpartition(".")
    unique = name
    while unique in others:
        # Counting from 2 again would take quadratic time.
        names[name] += 1
        unique = f"{stem or name} ({names[name] + 1}){dot}{suffix if dot else ''}"
    return unique


def _header(message: Message, name: str) -> str:
    """A header, decoded, on one line."""
    raw = next((value for key, value in message.raw_items() if key.lower() == name.lower()), "")
    return _header_text(str(raw)[:MAX_HEADER])


def _header_text(raw: str) -> str:
    # Bytes beyond ASCII, which are UTF-8 where they are legal.
    text = raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    with suppress(LookupError, ValueError):
        text = str(make_header(decode_header(text)))
    return one_line(text)


def _metadata(headers: dict[str, str]) -> dict[str, object]:
    found: dict[str, object] = {"title": headers.get("Subject")}
    if sender := headers.get("From"):
        name, address = parseaddr(sender)
        found |= {"author": name or address or sender, "from": sender}
    found |= {"to": headers.get("To"), "cc": headers.get("Cc")}
    with suppress(TypeError, ValueError):
        found["date"] = parsedate_to_datetime(headers.get("Date", "")).date().isoformat()
    return {name: value for name, value in found.items() if value}
