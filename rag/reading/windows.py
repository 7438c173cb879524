"""Question and passage to the token windows that a span model reads; the passage is tokenised once, never joined again.

A window is ``[CLS] question [SEP] title [SEP] part of the passage [SEP]``. The title is that of the passage's document:
paragraphs seldom name what they are about once more; without one the window is without its ``[SEP]`` too. A passage
that does not fit beside its question is read in several windows that overlap, and each of its tokens is *owned* by the
one window in which it has the most context, so that no span is counted twice.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from ..errors import InputError

#: `[CLS]`, and `[SEP]` three times.
SPECIAL = 4

#: Tokens of a title that are read; what is behind them is for people.
TITLE = 24

Ints = npt.NDArray[np.int32]


class Tokens(NamedTuple):
    """A text's tokens: ids ``[n]``, and where each stands, ``int32 [n, 2]`` in code points of the text."""

    ids: list[int]
    offsets: Ints


@dataclass(frozen=True, slots=True)
class Window:
    """What the model sees at once.

    Attributes:
        ids: All tokens, the special ones too.
        types: 0 for the question and the title, 1 for the passage; as long as ``ids``.
        first: Position in ``ids`` of the first token of the passage.
        offsets: ``int32 [n, 2]``: where each passage token stands, in code points of the passage.
        owned: ``bool [n]``: is this window the one in which a span starting at this token is counted?
    """

    ids: list[int]
    types: list[int]
    first: int
    offsets: Ints
    owned: npt.NDArray[np.bool_]


class WindowMaker:
    """Cuts windows of at most ``length`` tokens.

    Args:
        tokenizer: The encoder's own.
        length: Tokens of a window.
        overlap: Tokens that two neighbouring windows of a passage share at least.
    """

    def __init__(self, tokenizer: Tokenizer, length: int = 512, overlap: int = 128) -> None:
        self._tokenizer = copy.deepcopy(tokenizer)
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._cls, self._sep = (self._special(name) for name in ("[CLS]", "[SEP]"))
        self.length, self.overlap = length, overlap

    @classmethod
    def load(cls, folder: Path | str, length: int = 512, overlap: int = 128) -> Self:
        """With the tokenizer of a model's folder."""
        return cls(Tokenizer.from_file(str(Path(folder) / "tokenizer.json")), length, overlap)

    @property
    def longest_question(self) -> int:
        """How many tokens a question may have so that windows still move forward."""
        return self.length - self.overlap - TITLE - SPECIAL - 1

    def tokens(self, text: str) -> Tokens:
        """The text's tokens without special ones."""
        return self.many([text])[0]

    def many(self, texts: Sequence[str]) -> list[Tokens]:
        """``tokens`` of many texts."""
        return [
            Tokens(encoding.ids, np.array(encoding.offsets, dtype=np.int32).reshape(-1, 2))
            for encoding in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        ]

    def windows(self, question: Tokens, title: Tokens, passage: Tokens) -> list[Window]:
        """The windows of a passage, in order; none where it has no tokens. A title of no tokens is left out.

        Raises:
            InputError: The question leaves too little room for a passage.
        """
        if len(question.ids) > self.longest_question:
            raise InputError(
                f"the question is {len(question.ids)} tokens long; the reader takes "
                f"{self.longest_question} at most, so shorten it"
            )
        head = [self._cls, *question.ids, self._sep]
        if title.ids:
            head += [*title.ids[:TITLE], self._sep]
        room = self.length - len(head) - 1
        starts = window_starts(len(passage.ids), room, self.overlap)
        owner = owners(len(passage.ids), starts, room)
        return [
            Window(
                ids=[*head, *passage.ids[start : start + room], self._sep],
                types=[0] * len(head) + [1] * (len(passage.ids[start : start + room]) + 1),
                first=len(head),
                offsets=passage.offsets[start : start + room],
                owned=owner[start : start + room] == number,
            )
            for number, start in enumerate(starts)
        ]

    def _special(self, name: str) -> int:
        number: int | None = self._tokenizer.token_to_id(name)
        if number is None:
            raise InputError(f"the encoder's tokenizer has no {name}; a span model needs one of BERT's kind")
        return number


def window_starts(tokens: int, room: int, overlap: int) -> list[int]:
    """Where the windows of a passage begin; the last one is full, so that it has as much context as the others."""
    if tokens <= room:
        return [0] if tokens else []
    return [*range(0, tokens - room, room - overlap), tokens - room]


def owners(tokens: int, starts: Sequence[int], room: int) -> Ints:
    """Number of the window in which each token has the most context: ``int32 [tokens]``; the earlier one of equals."""
    best = np.zeros(tokens, dtype=np.int32)
    context = np.full(tokens, -1)
    for number, start in enumerate(starts):
        inside = np.arange(start, min(start + room, tokens))
        # What lies before the passage's first token and after its last is no context that is missing.
        before = np.where(start == 0, tokens, inside - start)
        after = np.where(start + room >= tokens, tokens, start + room - 1 - inside)
        here = np.minimum(before, after)
        better = here > context[inside]
        best[inside[better]] = number
        context[inside[better]] = here[better]
    return best
