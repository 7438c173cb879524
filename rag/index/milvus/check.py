"""Checking the passages of a version against its documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice

import numpy as np

from ..database import text_hash
from .connection import Row
from .records import Records
from .rows import PassageRows

#: Passages checked at a time.
PAGE = 1_000

FIELDS = ("id", "document", "document_id", "start", "stop", "text", "view", "hash", "vector")


def check_passages(passages: PassageRows, records: Records) -> Iterator[str]:
    """Yield a line for each inconsistency; reads everything."""
    address = passages.connection.address
    rows = passages.connection.every(passages.collection, passages.visible, FIELDS, page=PAGE)
    while page := list(islice(rows, PAGE)):
        keys = list({row["document"] for row in page})
        texts = {key: found.value[0] for key, found in records.named("text", keys).items()}
        for row in page:
            if problem := _problem(row, texts.get(row["document"], "")):
                yield f"{address}: {row['document_id']}: {problem}"


def _problem(row: Row, text: str) -> str | None:
    """What is wrong with a passage of a document with this text; None if nothing is."""
    read = json.loads(row["view"])[0] if row["view"] else row["text"]
    if not row["text"] or text[row["start"] : row["stop"]] != row["text"] or text_hash(read).hex() != row["hash"]:
        return f"the passage at characters {row['start']}-{row['stop']} is not the slice that was indexed"
    if not abs(float(np.linalg.norm(np.asarray(row["vector"], dtype=np.float32))) - 1) < 1e-3:
        return f"the vector of the passage at characters {row['start']}-{row['stop']} is not of unit length"
    return None
