"""JSONL: each line is a JSON object and becomes a document, like a row of a table.

Lines are numbered from 1, including empty ones, as in an editor.
"""

from __future__ import annotations

import json

from ..errors import DocumentError
from .base import Parsed, Remark
from .sanitize import clean
from .tables import rows_to_documents
from .text import decode, guess_remarks


def read_jsonl(document_id: str, raw: bytes) -> Parsed:
    """The lines of a JSONL file; values keep their JSON types."""
    text, encoding = decode(raw)
    rows: dict[int, dict[str, object]] = {}
    skipped = []
    # Not `splitlines`: JSON strings may contain U+2028 and the like.
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = _cleaned(json.loads(line))
        except json.JSONDecodeError as error:
            skipped.append(Remark(f"{document_id}#{number}", f"is not JSON ({error.msg} at character {error.colno})"))
        except (ValueError, RecursionError):
            skipped.append(Remark(f"{document_id}#{number}", "holds a number too long or a value too deep to be read"))
        else:
            if isinstance(row, dict):
                rows[number] = row
            else:
                skipped.append(
                    Remark(f"{document_id}#{number}", 'is JSON, but not an object; write it as {"text": ...}')
                )
    if len(skipped) > len(rows):
        raise DocumentError("is not JSONL: most lines are not JSON objects; write one object on each line")
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    documents = rows_to_documents(document_id, columns, rows, {"encoding": encoding})
    return Parsed(documents, skipped, guess_remarks(document_id, encoding))


def _cleaned(value: object) -> object:
    """A value with all its strings cleaned; JSON escapes can encode lone surrogates."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_cleaned(each) for each in value]
    if isinstance(value, dict):
        return {clean(name): _cleaned(each) for name, each in value.items()}
    return value
