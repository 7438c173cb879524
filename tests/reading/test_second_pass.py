"""The text in which the shortlist is read again."""

from rag.reading.second_pass import Candidate, shortlist_text
from rag.types import Passage

BRIDGE = "The bridge is old. Anna Berg built it. It was opened in 1901. Nobody paid. Sheep use it."
RIVER = "A river runs below.\n\nIt is the Naryn."


def _passage(text: str, start: int = 0) -> Passage:
    return Passage("d", start, start + len(text), text, tokens=1)


def _candidate(passage: Passage, words: str) -> Candidate:
    start = passage.text.index(words)
    return Candidate(passage, start, start + len(words))


def test_each_candidate_comes_with_the_sentence_before_it_best_first() -> None:
    bridge, river = _passage(BRIDGE), _passage(RIVER, start=500)
    candidates = [_candidate(river, "Naryn"), _candidate(bridge, "1901")]
    joined = shortlist_text(candidates)
    assert joined.text == f"{RIVER} Anna Berg built it. It was opened in 1901."
    assert [joined.text[start:end] for start, end in joined.spans] == ["Naryn", "1901"]


def test_no_sentence_is_repeated() -> None:
    bridge = _passage(BRIDGE)
    words = ["Sheep", "old", "1901", "Berg"]
    joined = shortlist_text([_candidate(bridge, word) for word in words])
    assert joined.text == BRIDGE
    assert [joined.text[start:end] for start, end in joined.spans] == words
    apart = shortlist_text([_candidate(bridge, "Sheep"), _candidate(bridge, "old")])
    assert apart.text == "Nobody paid. Sheep use it. The bridge is old."


def test_a_candidate_across_sentences_comes_with_all_of_them() -> None:
    bridge = _passage(BRIDGE)
    joined = shortlist_text([_candidate(bridge, "in 1901. Nobody paid")])
    assert joined.text == "Anna Berg built it. It was opened in 1901. Nobody paid."
    assert [joined.text[start:end] for start, end in joined.spans] == ["in 1901. Nobody paid"]
