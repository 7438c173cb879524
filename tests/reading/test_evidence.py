"""Sentences that bear on a question."""

import itertools
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from rag import Assistant, Hit, InputError, Passage, Retriever
from rag.paths import shipped_reader
from rag.reading.evidence import MAX_COMPARED, EvidenceFinder, Regression
from rag.reading.reader import SpanReader
from rag.reading.sentences import SentenceSignals, extents, signals

BY_WORDS = Regression({"coverage": 8.0}, bias=-4.0, threshold=0.6)
BY_MEANING = Regression({"dense": 8.0}, bias=-4.0, threshold=0.6)
TEXT = "Rents rose in Almaty. The sun shone. Almaty built roads. Rents fell."


def _hit(text: str, start: int = 0) -> Hit:
    return Hit(Passage("d", start, start + len(text), text, 1), "Title", 0.0, 0.0, 0.0)


def _no_similarities(question: str, texts: Sequence[str]) -> list[float]:
    raise AssertionError("no sentence needed its meaning compared")


def test_sentences_are_slices_with_their_document_offsets_most_probable_first() -> None:
    finder = EvidenceFinder(BY_WORDS, Regression({"coverage": 8.0}, bias=-4.0, threshold=0.5))
    found = finder.find("rents in Almaty", [_hit(TEXT, 100)], {}, _no_similarities)
    assert [each.text for each in found] == ["Rents rose in Almaty.", "Almaty built roads.", "Rents fell."]
    assert [TEXT[each.start - 100 : each.end - 100] for each in found] == [each.text for each in found]
    assert found[0].probability == pytest.approx(0.982, abs=1e-3)
    assert (found[0].document_id, found[0].title, found[0].hit) == ("d", "Title", 0)


def test_no_sentence_above_the_threshold_is_no_evidence() -> None:
    assert EvidenceFinder(BY_WORDS, BY_WORDS).find("elections", [_hit(TEXT)], {}, _no_similarities) == ()


def test_overlapping_passages_give_a_sentence_once() -> None:
    hits = [_hit(TEXT), _hit(TEXT[:36]), _hit(TEXT[6:], 6)]
    found = EvidenceFinder(BY_WORDS, BY_WORDS).find("rents in Almaty", hits, {}, _no_similarities)
    assert [each.text for each in found] == ["Rents rose in Almaty."]


def test_headings_are_no_evidence() -> None:
    found = EvidenceFinder(BY_WORDS, BY_WORDS).find("rents", [_hit("# Rents\n\nRents rose.")], {}, _no_similarities)
    assert [each.text for each in found] == ["Rents rose."]


def test_meaning_of_a_limited_number_of_sentences_is_compared() -> None:
    asked: list[str] = []

    def similarities(question: str, texts: Sequence[str]) -> list[float]:
        asked.extend(texts)
        return [1.0 if text == "Number 3 is here." else 0.0 for text in texts]

    text = " ".join(f"Number {number} is here." for number in range(MAX_COMPARED + 10))
    found = EvidenceFinder(BY_MEANING, BY_MEANING).find("numbers", [_hit(text)], {}, similarities)
    assert [each.text for each in found] == ["Number 3 is here."]
    assert len(asked) == MAX_COMPARED


def test_neighbours_count_towards_nearby_terms() -> None:
    found = signals("rents in Almaty", TEXT, extents(TEXT), None)
    assert [each.coverage for each in found] == [1.0, 0.0, 0.5, 0.5]
    assert [each.nearby for each in found] == [1.0, 1.0, 1.0, 1.0]


def test_large_model_gives_its_signals_for_the_passages_that_it_reads(assistant: Assistant) -> None:
    question = "How long is the border between Kazakhstan and Russia?"
    hits = assistant.retriever.search(question, 10)
    reader = assistant.reader
    assert isinstance(reader, SpanReader)
    texts = reader.read_hits(question, hits).texts
    assert len(texts) == 3
    for number, read in texts.items():
        text = hits[number].passage.text
        parts = extents(text)
        found = signals(question, text, parts, read)
        assert all(each.strongest >= each.evidence != 0 for each in found)
        best = max(range(len(parts)), key=lambda at: found[at].span)
        answer = read.best(1)[0]
        assert found[best].span >= answer.score - 1e-3


@pytest.mark.parametrize("question", ["rents in Almaty", "What do the articles say about rents?"])
def test_keywords_and_questions_find_sentences_of_the_documents(assistant: Assistant, question: str) -> None:
    found = assistant.ask(question).evidence
    assert any("rent" in each.text.casefold() for each in found)
    probabilities = [each.probability for each in found]
    assert probabilities == sorted(probabilities, reverse=True)
    for each in found:
        assert assistant.index.documents[each.document_id].text[each.start : each.end] == each.text
    places = sorted((each.document_id, each.start, each.end) for each in found)
    assert all(a[0] != b[0] or a[2] <= b[1] for a, b in itertools.pairwise(places))


def test_irrelevant_question_has_no_evidence(assistant: Assistant) -> None:
    assert assistant.ask("xylophone quarks").evidence == ()


def test_reader_without_sentence_scores_still_gives_evidence(assistant: Assistant) -> None:
    class NoReader:
        language = None

        def read(self, question: str, hits: Sequence[Hit]) -> list[object]:
            return []

    retriever: Retriever = assistant.retriever
    found = Assistant(retriever, NoReader()).ask("rents in the towns of northern Kazakhstan").evidence  # type: ignore[arg-type]
    assert "rents went up by some 25 to 30%" in found[0].text


def test_folder_without_the_file_uses_the_shipped_one(tmp_path: Path) -> None:
    assert EvidenceFinder.load(tmp_path) == EvidenceFinder.load(shipped_reader())


@pytest.mark.parametrize(
    "part",
    [
        {},
        {"weights": {"luck": 1}, "bias": 0, "threshold": 0.5},
        {"weights": {"dense": 1}, "bias": 0, "threshold": 1.5},
        {"weights": {"dense": float("nan")}, "bias": 0, "threshold": 0.5},
    ],
)
def test_invalid_file_is_refused_with_the_remedy(tmp_path: Path, part: dict[str, object]) -> None:
    (tmp_path / "evidence.json").write_text(json.dumps({"read": part, "unread": part}))
    with pytest.raises(InputError, match=r"evidence\.json: not an evidence file .*; run rag\.eval\.fitting\.evidence"):
        EvidenceFinder.load(tmp_path)


def test_probability_is_the_logistic_of_the_weighted_sum() -> None:
    regression = Regression({"evidence": 2.0, "coverage": 1.0}, bias=-0.5, threshold=0.3)
    assert regression.probability(SentenceSignals(evidence=0.5, coverage=0.25)) == pytest.approx(0.679179, abs=1e-6)
