"""Hard negatives: unanswerable examples generated from answerable ones, anew each epoch.

Two kinds, after the edits of SQuAD 2.0's annotators (Rajpurkar et al. 2018): either the passage is replaced by another
one that retrieval ranks high, or the question is altered: a name or number is swapped, a word replaced by its antonym,
or a verb negated.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from importlib.resources import files

from ..index.lexical import Lexical
from .examples import Example, Examples

NAME = re.compile(r"\b[A-Z][\w’'-]*[a-z\d](?:[ -](?:of |de |the )?[A-Z][\w’'-]+)*")
NUMBER = re.compile(r"\b\d+(?:[.,]\d+)*\b")
SELF_CONTAINED = re.compile(rf"(?<=\s)(?:{NAME.pattern}|{NUMBER.pattern})")


def _opposites() -> dict[str, str]:
    lines = (files("rag.training") / "opposites.txt").read_text(encoding="utf-8").splitlines()
    pairs = [tuple(line.split()) for line in lines]
    return {one: other for pair in pairs for one, other in (pair, pair[::-1])}


#: Antonyms; for a word with several, the last.
OPPOSITES = _opposites()
OPPOSITE = re.compile(rf"\b(?:{'|'.join(sorted(OPPOSITES, key=len, reverse=True))})\b", re.IGNORECASE)

NEGATED = {
    "is": "isn't", "are": "aren't", "was": "wasn't", "were": "weren't", "did": "didn't", "does": "doesn't",
    "do": "don't", "can": "can't", "could": "couldn't", "has": "hasn't", "have": "haven't", "had": "hadn't",
    "will": "won't", "would": "wouldn't", "should": "shouldn't",
}  # fmt: skip
AUXILIARY = re.compile(rf"\b(?:{'|'.join(NEGATED)})\b", re.IGNORECASE)


def altered(question: str, passage: str, elsewhere: str, draw: random.Random) -> str | None:
    """Change the question so that the passage no longer answers it; None if nothing can be changed.

    Args:
        question: A question that the passage answers.
        passage: Source of other names and numbers, half of the time.
        elsewhere: Their source otherwise.
        draw: Random generator.
    """
    edits = [_other_name, _other_name, _other_number, _opposite, _opposite, _negated]
    source = passage if draw.random() < 0.5 else elsewhere
    for edit in draw.sample(edits, len(edits)):
        if changed := edit(question, source, draw):
            return changed
    return None


def _other_name(question: str, source: str, draw: random.Random) -> str | None:
    # The first word of a question is capitalised without being a name.
    names = [match for match in NAME.finditer(question) if match.start()]
    known = {match.group().casefold() for match in names}
    others = sorted({match.group() for match in NAME.finditer(source) if _inside_sentence(source, match.start())})
    others = [name for name in others if name.casefold() not in known]
    return _replaced(question, draw.choice(names), draw.choice(others)) if names and others else None


def _other_number(question: str, source: str, draw: random.Random) -> str | None:
    numbers = list(NUMBER.finditer(question))
    if not numbers:
        return None
    chosen = draw.choice(numbers)
    like = sorted({n for n in NUMBER.findall(source) if n != chosen.group() and len(n) == len(chosen.group())})
    if like and draw.random() < 0.7:
        return _replaced(question, chosen, draw.choice(like))
    digits = chosen.group()
    at = draw.choice([i for i, character in enumerate(digits) if character.isdigit()])
    digit = draw.choice([d for d in "123456789" if d != digits[at]])
    return _replaced(question, chosen, digits[:at] + digit + digits[at + 1 :])


def _opposite(question: str, source: str, draw: random.Random) -> str | None:
    found = list(OPPOSITE.finditer(question))
    if not found:
        return None
    chosen = draw.choice(found)
    return _replaced(question, chosen, OPPOSITES[chosen.group().lower()])


def _negated(question: str, source: str, draw: random.Random) -> str | None:
    found = list(AUXILIARY.finditer(question))
    return _replaced(question, found[0], NEGATED[found[0].group().lower()]) if found else None


def _replaced(text: str, found: re.Match[str], other: str) -> str:
    return text[: found.start()] + other + text[found.end() :]


def _inside_sentence(text: str, at: int) -> bool:
    return text[max(0, at - 2) : at].strip()[-1:] not in ("", ".", "?", "!", '"')


class NearPassages:
    """Per answerable example, passages of its file that BM25 ranks high and that do not contain a gold answer.

    Only for questions with a name or number: "What is the author's opinion?" may be answered by any passage.
    """

    def __init__(self, examples: Examples, each: int = 4) -> None:
        self._near: dict[int, list[int]] = {}
        files: dict[int, list[int]] = {}
        for row, passage in enumerate(examples.passages):
            files.setdefault(passage.file, []).append(row)
        words = {file: Lexical.build(examples.passages[row].text for row in rows) for file, rows in files.items()}
        for number, example in enumerate(examples.examples):
            if not example.golds or not SELF_CONTAINED.search(example.question):
                continue
            own = examples.passages[example.passage]
            golds = {own.text[start:end].casefold() for start, end in example.golds}
            rows = files[own.file]
            order = words[own.file].scores(example.question).argsort()[::-1][: each * 3]
            near = (rows[i] for i in order if rows[i] != example.passage)
            self._near[number] = [row for row in near if not _contains(examples.passages[row].text.casefold(), golds)][
                :each
            ]

    def __getitem__(self, number: int) -> Sequence[int]:
        """Passage rows for an example, the best first."""
        return self._near.get(number, ())


def _contains(text: str, golds: set[str]) -> bool:
    return any(gold in text for gold in golds)


def negatives(
    examples: Examples, numbers: Sequence[int], near: NearPassages, share: float, draw: random.Random
) -> Iterator[Example]:
    """Yield unanswerable examples: on average ``share`` of each kind per answerable example."""
    for number in numbers:
        example = examples.examples[number]
        if not example.golds:
            continue
        if (rows := near[number]) and draw.random() < share:
            yield Example(example.question, draw.choice(rows), ())
        if draw.random() < share:
            passage = examples.passages[example.passage]
            # The neighbour is usually from the same article, so its names fit the topic.
            neighbour = examples.passages[max(0, example.passage - 1)].text
            if question := altered(example.question, passage.text, neighbour, draw):
                yield Example(question, example.passage, ())
