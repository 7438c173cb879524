"""Documents in a language that the embedder does not know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from ..embedding.encoder import DEFAULT_ENCODER, Encoder
from ..questions.scope import is_english
from ..types import Document

#: Code points that the language is guessed from: of the rows of a table and of each document.
SAMPLE = 20_000

TEXT = (
    "is not in English, the only language that the models know, so questions hardly find answers in it; "
    "index a translation"
)


def unread_languages(documents: Iterable[Document], encoder: Encoder) -> Iterator[tuple[str, str]]:
    """The documents in another language than English, if the embedder knows no other, and what to say about them.

    The rows of a table count as one document. Texts without frequent words, such as lists of names, count as English.
    """
    if encoder.name != DEFAULT_ENCODER:
        return
    for name, rows in groupby(documents, lambda document: document.id.partition("#")[0]):
        sample = ""
        for row in rows:
            sample += f"{row.text[row.body : row.body + SAMPLE - len(sample)]}\n" if len(sample) < SAMPLE else ""
        if not is_english(sample):
            yield name, TEXT
