"""The shortlist: candidates side by side in one text, and the weights that put them in order."""

import json
from pathlib import Path

import pytest

from rag.errors import InputError
from rag.paths import shipped_reader
from rag.reading.ranking import RANKING, Ranking
from rag.reading.second_pass import Candidate, side_by_side
from rag.types import Passage

BRIDGE = "The bridge is old. Anna Berg built it. It was opened in 1901. Nobody paid. Sheep use it."
RIVER = "A river runs below.\n\nIt is the Naryn."


def _passage(text: str, start: int = 0) -> Passage:
    return Passage("d", start, start + len(text), text, tokens=1)


def _candidate(passage: Passage, words: str) -> Candidate:
    start = passage.text.index(words)
    return Candidate(passage, start, start + len(words))


def test_each_candidate_stands_in_its_sentence_with_the_one_before_it_the_best_first() -> None:
    bridge, river = _passage(BRIDGE), _passage(RIVER, start=500)
    candidates = [_candidate(river, "Naryn"), _candidate(bridge, "1901")]
    together = side_by_side(candidates)
    assert together.text == f"{RIVER} Anna Berg built it. It was opened in 1901."
    assert [together.text[start:end] for start, end in together.places] == ["Naryn", "1901"]


def test_no_sentence_of_a_passage_stands_in_the_text_twice() -> None:
    bridge = _passage(BRIDGE)
    words = ["Sheep", "old", "1901", "Berg"]
    together = side_by_side([_candidate(bridge, word) for word in words])
    assert together.text == BRIDGE
    assert [together.text[start:end] for start, end in together.places] == words
    apart = side_by_side([_candidate(bridge, "Sheep"), _candidate(bridge, "old")])
    assert apart.text == "Nobody paid. Sheep use it. The bridge is old."


def test_a_candidate_that_crosses_sentences_stands_in_all_of_them() -> None:
    bridge = _passage(BRIDGE)
    together = side_by_side([_candidate(bridge, "in 1901. Nobody paid")])
    assert together.text == "Anna Berg built it. It was opened in 1901. Nobody paid."
    assert [together.text[start:end] for start, end in together.places] == ["in 1901. Nobody paid"]


def test_the_value_of_a_candidate_is_the_weighted_sum_of_its_evidence() -> None:
    ranking = Ranking({"span": 1.0, "again": 0.5})
    assert ranking.value({"span": 2.0, "again": -3.0, "unused": 9.0}) == 0.5


def test_a_folder_without_a_ranking_gets_the_one_that_ships(tmp_path: Path) -> None:
    assert Ranking.load(tmp_path) == Ranking.load(shipped_reader())
    (tmp_path / RANKING).write_text(json.dumps({"weights": {"span": 2}}))
    assert Ranking.load(tmp_path) == Ranking({"span": 2.0})


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"weights": [1]}', '{"weights": {"span": "much"}}'])
def test_a_file_that_is_no_ranking_is_refused_with_the_remedy(tmp_path: Path, content: str) -> None:
    (tmp_path / RANKING).write_text(content)
    with pytest.raises(InputError, match=r"ranking\.json: not a ranking file .*; run rag\.eval\.fitting\.fit_ranking"):
        Ranking.load(tmp_path)
