"""Sentences that bear on a question."""

import itertools
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from rag import Assistant, Hit, InputError, Passage, Retriever
from rag.paths import shipped_reader
from rag.reading.contract import HitsRead
from rag.reading.evidence import EvidenceFinder, Regression, candidates
from rag.reading.reader import SpanReader
from rag.reading.sentences import SentenceSignals, parts_of, signals

BY_WORDS = Regression({"coverage": 8.0}, bias=-4.0)
FINDER = EvidenceFinder(BY_WORDS, BY_WORDS, threshold=0.6, further_threshold=0.6)
TEXT = "Rents rose in Almaty. The sun shone. Almaty built roads. Rents fell."


def _hit(text: str, start: int = 0) -> Hit:
    return Hit(Passage("d", start, start + len(text), text, 1), "Title", 0.0, 0.0, 0.0)


def _equal(terms: Sequence[str]) -> list[float]:
    return [1.0] * len(terms)


def test_sentences_are_slices_with_their_document_offsets_most_probable_first() -> None:
    found = EvidenceFinder(BY_WORDS, BY_WORDS, threshold=0.5, further_threshold=0.5).find(
        "rents in Almaty", [_hit(TEXT, 100)], HitsRead([]), _equal
    )
    assert [each.text for each in found] == ["Rents rose in Almaty.", "Almaty built roads.", "Rents fell."]
    assert [TEXT[each.start - 100 : each.end - 100] for each in found] == [each.text for each in found]
    assert found[0].probability == pytest.approx(0.982, abs=1e-3)
    assert (found[0].document_id, found[0].title, found[0].hit) == ("d", "Title", 0)


def test_sentence_after_one_about_a_subject_is_evidence_too() -> None:
    by_number = EvidenceFinder(
        Regression({"coverage": 8.0}, 0.0), Regression({"coverage": 8.0}, 0.0), threshold=0.6, further_threshold=0.6
    )
    hits = [_hit(TEXT), _hit("The wind blew.", 200)]
    found = by_number.find("What is known about rents in Almaty?", hits, HitsRead([]), _equal)
    probabilities = {each.text: each.probability for each in found}
    assert probabilities["The sun shone."] == pytest.approx(0.8 * probabilities["Rents rose in Almaty."])
    # Not across passages, and not where a fact is asked for.
    assert "The wind blew." not in probabilities
    assert "The sun shone." not in {each.text for each in by_number.find("rents in Almaty", hits, HitsRead([]), _equal)}


def test_no_sentence_above_the_threshold_is_no_evidence() -> None:
    assert FINDER.find("elections", [_hit(TEXT)], HitsRead([]), _equal) == ()
    assert FINDER.find("elections", [], HitsRead([]), _equal) == ()


def test_less_likely_sentences_are_evidence_only_beside_a_likely_one() -> None:
    finder = EvidenceFinder(BY_WORDS, BY_WORDS, threshold=0.6, further_threshold=0.4)
    found = finder.find("rents in Almaty", [_hit(TEXT)], HitsRead([]), _equal)
    assert [each.text for each in found] == ["Rents rose in Almaty.", "Almaty built roads.", "Rents fell."]
    assert found[1].probability == pytest.approx(0.5)
    assert finder.find("rents in Tashkent", [_hit(TEXT)], HitsRead([]), _equal) == ()
    # One sentence is enough where one thing is asked for.
    one = finder.find("When did rents rise in Almaty?", [_hit(TEXT)], HitsRead([]), _equal)
    assert [each.text for each in one] == ["Rents rose in Almaty."]


def test_overlapping_passages_give_a_sentence_once() -> None:
    found = FINDER.find("rents in Almaty", [_hit(TEXT), _hit(TEXT[:36]), _hit(TEXT[6:], 6)], HitsRead([]), _equal)
    assert [each.text for each in found] == ["Rents rose in Almaty."]


def test_headings_are_no_evidence() -> None:
    found = FINDER.find("rents", [_hit("# Rents\n\nRents rose.")], HitsRead([]), _equal)
    assert [each.text for each in found] == ["Rents rose."]


def test_marks_around_code_are_no_evidence() -> None:
    finder = EvidenceFinder(Regression({}, 1.0), Regression({}, 1.0), threshold=0.5, further_threshold=0.5)
    found = finder.find("test", [_hit("```sh\nmake test\n```")], HitsRead([]), _equal)
    assert [each.text for each in found] == ["make test"]


def test_terms_count_by_rarity() -> None:
    def rarity(terms: Sequence[str]) -> list[float]:
        return [3.0 if term == "rent" else 1.0 for term in terms]

    coverage = [each.signals.coverage for each in candidates("rents in Almaty", [_hit(TEXT)], HitsRead([]), rarity)]
    assert coverage == [1.0, 0.0, 0.25, 0.75]


def test_the_title_adds_its_terms() -> None:
    found = [each for _, each in signals(_hit(TEXT), 0.0, {"rent": 1.0, "titl": 1.0}, None, None)]
    assert [each.coverage for each in found] == [0.5, 0.0, 0.0, 0.5]
    assert [each.titled for each in found] == [1.0, 0.5, 0.5, 1.0]


def test_models_give_their_signals_for_the_passages_that_they_read(assistant: Assistant) -> None:
    question = "How long is the border between Kazakhstan and Russia?"
    hits = assistant.retriever.search(question, 10)
    reader = assistant.reader
    assert isinstance(reader, SpanReader)
    read = reader.read_hits([(question, hits)])[0]
    assert read.spans == reader.read(question, hits)
    assert len(read.texts) == len(hits)
    assert 1 <= len(read.again) <= 3
    found = list(candidates(question, hits, read, assistant.index.lexical.rarity))
    assert {each.hit for each in found if each.is_read_again} == set(read.again)
    for each in found:
        assert (each.signals.evidence != 0) == each.is_read_again
    for number, text in read.again.items():
        spans = [each.signals.second_span for each in found if each.hit == number]
        assert max(spans) >= text.best(1)[0].score - 1e-3
    for number, text in enumerate(read.texts):
        spans = [each.signals.span for each in found if each.hit == number]
        assert max(spans) >= text.best(1)[0].score - 1e-3


def test_regression_follows_whether_the_second_model_read_the_passage(assistant: Assistant) -> None:
    question = "How long is the border between Kazakhstan and Russia?"
    hits = assistant.retriever.search(question, 10)
    assert isinstance(assistant.reader, SpanReader)
    read = assistant.reader.read_hits([(question, hits)])[0]
    always, never = Regression({}, bias=9.0), Regression({}, bias=-9.0)
    found = EvidenceFinder(always, never, 0.5, 0.5).find(question, hits, read, _equal)
    assert {each.hit for each in found} == set(read.again)
    others = EvidenceFinder(never, always, 0.5, 0.5).find(question, hits, read, _equal)
    assert {each.hit for each in others}.isdisjoint(read.again)


def test_sentences_of_a_passage_hold_all_its_words() -> None:
    assert [TEXT[slice(*part.extent)] for part in parts_of(_hit(TEXT).passage)][1:3] == [
        "The sun shone.",
        "Almaty built roads.",
    ]


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


FITTED = {"weights": {"dense": 1}, "bias": 0}


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"read": FITTED, "unread": {"weights": {"luck": 1}, "bias": 0}, "threshold": 0.5},
        {"read": FITTED, "unread": FITTED, "threshold": 1.5},
        {"read": FITTED, "unread": FITTED, "threshold": 0.5, "further_threshold": 0.6},
        {"read": {"weights": {"dense": float("nan")}, "bias": 0}, "unread": FITTED, "threshold": 0.5},
    ],
)
def test_invalid_file_is_refused_with_the_remedy(tmp_path: Path, content: dict[str, object]) -> None:
    (tmp_path / "evidence.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"evidence\.json: not an evidence file .*; run rag\.eval\.fitting\.evidence"):
        EvidenceFinder.load(tmp_path)


def test_probability_is_the_logistic_of_the_weighted_sum() -> None:
    regression = Regression({"evidence": 2.0, "coverage": 1.0}, bias=-0.5)
    assert regression.probability(SentenceSignals(evidence=0.5, coverage=0.25)) == pytest.approx(0.679179, abs=1e-6)
