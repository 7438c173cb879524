"""Question and passage to the token windows that a span model reads.

A window is ``[CLS] question [SEP] title [SEP] part of the passage [SEP]``, with the special tokens of the model's own
tokenizer. The title is the document's, because a paragraph seldom repeats its topic; without a title, its ``[SEP]`` is
left out. A passage too long for one window is read in several overlapping ones. Each of its tokens is *owned* by the
window in which it has the most context, so that no span is counted twice.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from ..errors import InputError, first_line

#: Tokens of a title that are read; the rest is cut.
TITLE = 24

#: File of a fast tokenizer.
TOKENIZER = "tokenizer.json"

Ints = npt.NDArray[np.int32]


class Tokens(NamedTuple):
    """Tokens of a text: ids ``[n]``, and offsets ``int32 [n, 2]`` in code points."""

    ids: list[int]
    offsets: Ints


@dataclass(frozen=True, slots=True)
class Window:
    """One input of the model.

    Attributes:
        ids: All tokens, including special ones.
        types: 0 for the question and the title, 1 for the passage; as long as ``ids``.
        first: Position in ``ids`` of the first token of the passage.
        offsets: Offsets of the passage tokens, ``int32 [n, 2]`` in code points of the passage.
        owned: ``bool [n]``, true where this window owns the spans that start at the token.
    """

    ids: list[int]
    types: list[int]
    first: int
    offsets: Ints
    owned: npt.NDArray[np.bool_]


class WindowMaker:
    """Cuts questions and passages into windows.

    Args:
        tokenizer: The encoder's tokenizer.
        length: Maximum length of a window in tokens.
        overlap: Minimum overlap of consecutive windows in tokens; default: a quarter of a window.
    """

    def __init__(self, tokenizer: Tokenizer, length: int = 512, overlap: int | None = None) -> None:
        self._tokenizer = copy.deepcopy(tokenizer)
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._before, self._between, self._after = _special_tokens(self._tokenizer)
        self.length, self.overlap = length, length // 4 if overlap is None else overlap

    @classmethod
    def load(cls, folder: Path | str, length: int = 512, overlap: int | None = None) -> Self:
        """A window maker with the tokenizer in a model folder.

        Raises:
            InputError: The folder holds no tokenizer, or one that is not fast.
        """
        return cls(fast_tokenizer(Path(folder)), length, overlap)

    @property
    def special_tokens(self) -> int:
        """Special tokens of a window with a title."""
        return len(self._before) + 2 * len(self._between) + len(self._after)

    @property
    def longest_question(self) -> int:
        """Longest question in tokens that leaves room for windows to advance."""
        return self.length - self.overlap - TITLE - self.special_tokens - 1

    def tokens(self, text: str) -> Tokens:
        """Tokens of a text, without special ones."""
        return self.many([text])[0]

    def many(self, texts: Sequence[str]) -> list[Tokens]:
        """``tokens`` for many texts."""
        return [
            Tokens(encoding.ids, np.array(encoding.offsets, dtype=np.int32).reshape(-1, 2))
            for encoding in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        ]

    def windows(self, question: Tokens, title: Tokens, passage: Tokens) -> list[Window]:
        """Windows of a passage, in order; none if it has no tokens. An empty title is left out.

        Raises:
            InputError: The question leaves too little room for a passage.
        """
        if len(question.ids) > self.longest_question:
            raise InputError(
                f"the question is {len(question.ids)} tokens long; the reader takes "
                f"{self.longest_question} at most, so shorten it"
            )
        head = [*self._before, *question.ids, *self._between]
        if title.ids:
            head += [*title.ids[:TITLE], *self._between]
        room = self.length - len(head) - len(self._after)
        starts = window_starts(len(passage.ids), room, self.overlap)
        owner = owners(len(passage.ids), starts, room)
        return [
            Window(
                ids=[*head, *passage.ids[start : start + room], *self._after],
                types=[0] * len(head) + [1] * (len(passage.ids[start : start + room]) + len(self._after)),
                first=len(head),
                offsets=passage.offsets[start : start + room],
                owned=owner[start : start + room] == number,
            )
            for number, start in enumerate(starts)
        ]


def fast_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer in a model folder: its ``tokenizer.json``, or what transformers makes of older files.

    Raises:
        InputError: The folder holds no tokenizer, or one that is not fast.
    """
    path = folder / TOKENIZER
    if path.is_file():
        try:
            return Tokenizer.from_file(str(path))
        except Exception as error:  # tokenizers raises nothing more specific
            raise InputError(f"{path}: damaged ({first_line(error)}); fetch it again") from error
    from transformers import AutoTokenizer

    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
        found: Tokenizer = tokenizer.backend_tokenizer
        # Without any file, it makes a tokenizer with an empty vocabulary.
        if not tokenizer.get_vocab().keys() - set(tokenizer.all_special_tokens):
            raise ValueError("there are no tokenizer files")
    except Exception as error:  # a damaged or unknown model may raise anything
        raise InputError(
            f"{folder}: holds no fast tokenizer ({first_line(error)}); use a model with a {TOKENIZER}"
        ) from error
    return found


def _special_tokens(tokenizer: Tokenizer) -> tuple[list[int], list[int], list[int]]:
    """Special tokens that the tokenizer puts before, between and after two texts."""
    encoding = tokenizer.encode("a", "a")
    parts: tuple[list[int], list[int], list[int]] = ([], [], [])
    seen = 0
    for number, special, previous in zip(
        encoding.ids, encoding.special_tokens_mask, [1, *encoding.special_tokens_mask], strict=False
    ):
        seen += previous and not special
        if special:
            parts[seen].append(number)
    if seen != len(parts) - 1 or not parts[0] or not parts[1]:
        raise InputError("the tokenizer puts no special tokens around a pair of texts; use an encoder such as BERT")
    return parts


def window_starts(tokens: int, room: int, overlap: int) -> list[int]:
    """First token of each window of a passage; the last window is full, so it has as much context as the others."""
    if tokens <= room:
        return [0] if tokens else []
    return [*range(0, tokens - room, room - overlap), tokens - room]


def owners(tokens: int, starts: Sequence[int], room: int) -> Ints:
    """Window in which each token has the most context, the earlier of equals: ``int32 [tokens]``."""
    best = np.zeros(tokens, dtype=np.int32)
    context = np.full(tokens, -1)
    for number, start in enumerate(starts):
        inside = np.arange(start, min(start + room, tokens))
        # No context is missing before the passage's first token or after its last.
        before = np.where(start == 0, tokens, inside - start)
        after = np.where(start + room >= tokens, tokens, start + room - 1 - inside)
        here = np.minimum(before, after)
        better = here > context[inside]
        best[inside[better]] = number
        context[inside[better]] = here[better]
    return best
