"""JSONL: every line is a JSON object and becomes a document, as the rows of a table do.

Lines are counted from 1, empty ones as well, so that an editor finds them.
"""

from __future__ import annotations

import json

from ..errors import DocumentError
from .base import Parsed, Remark
from .sanitize import clean
from .tables import rows_to_documents
from .text import decode, guess_remarks


def read_jsonl(document_id: str, raw: bytes) -> Parsed:
    """The lines of a file; values are JSON's."""
    text, encoding = decode(raw)
    rows: dict[int, dict[str, object]] = {}
    skipped = []
    # Not `splitlines`: JSON texts may hold U+2028 and the like as they are.
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
                skipped.append(Remark(f"{document_id}#{number}", 'is JSON, but no object; write it as {"text": ...}'))
    if len(skipped) > len(rows):
        raise DocumentError("is no JSONL: most lines are not JSON objects; write one object on each line")
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    documents = rows_to_documents(document_id, columns, rows, {"encoding": encoding})
    return Parsed(documents, skipped, guess_remarks(document_id, encoding))


def _cleaned(value: object) -> object:
    """A value with every text in it clean: JSON's escapes can write halves of surrogate pairs."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_cleaned(each) for each in value]
    if isinstance(value, dict):
        return {clean(name): _cleaned(each) for name, each in value.items()}
    return value
