"""The reader by default, over hits."""

import itertools
from dataclasses import replace

import pytest

from rag import Assistant, Document, Hit, Index, Retriever, SentenceTransformerEncoder, SpanReader
from rag.paths import shipped_reader
from rag.reading.model import WEIGHTS, load_weights
from rag.reading.predictor import SpanFinder
from rag.reading.ranking import Ranking
from rag.reading.reader import SHORTLIST

QUESTION = "How long is the border of land 7?"


@pytest.fixture(scope="module")
def lands(encoder: SentenceTransformerEncoder) -> tuple[SpanReader, Retriever]:
    sentences = [f"Sentence number {i} says that the border of land {i} is {i}00 km long." for i in range(40)]
    index = Index.build([Document("d", " ".join(sentences), "d")], encoder)
    return SpanReader.load(shipped_reader(), index.lexical.rarity), Retriever(index, encoder)


def test_the_same_words_are_read_once_where_passages_overlap(lands: tuple[SpanReader, Retriever]) -> None:
    reader, retriever = lands
    spans = reader.read(QUESTION, retriever.search(QUESTION, k=5))
    assert spans[0].text.startswith("700 km")
    places = sorted((span.start, span.end) for span in spans)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(places))


def test_every_span_is_a_slice_of_its_document_inside_its_sentence(assistant: Assistant) -> None:
    question = "Who postponed a visit to Bishkek?"
    for span in assistant.reader.read(question, assistant.retriever.search(question, 10)):
        text = assistant.retriever.document(span.document_id).text
        assert text[span.start : span.end] == span.text
        assert text[span.sentence.start : span.sentence.end] == span.sentence.text
        assert span.sentence.start <= span.start < span.end <= span.sentence.end


def test_the_shortlist_is_in_the_order_of_the_ranking_and_the_others_behind_it_in_that_of_their_scores(
    assistant: Assistant,
) -> None:
    question = "Who thinks that Beijing will gain weight?"
    hits = assistant.retriever.search(question, 10)
    spans = assistant.reader.read(question, hits)
    shortlist, others = spans[:SHORTLIST], spans[SHORTLIST:]
    values = [Ranking.load(shipped_reader()).value(span.evidence) for span in shortlist]
    assert values == sorted(values, reverse=True)
    scores = [span.score for span in others]
    assert scores == sorted(scores, reverse=True)
    assert min(span.score for span in shortlist) >= scores[0]
    # Here the second reading turns the first one's order around.
    assert [span.score for span in shortlist] != sorted((span.score for span in shortlist), reverse=True)
    # What was not read again is taken for as good as the worst that was.
    assert {span.evidence["again"] for span in others} == {min(span.evidence["again"] for span in shortlist)}


def test_weights_that_count_the_first_reading_alone_leave_its_order(assistant: Assistant) -> None:
    finder = SpanFinder.of(load_weights(shipped_reader() / WEIGHTS))
    first = SpanReader(finder, assistant.retriever.index.lexical.rarity, Ranking({"span": 1.0, "ahead": 2.0}))
    question = "Who thinks that Beijing will gain weight?"
    scores = [span.score for span in first.read(question, assistant.retriever.search(question, 10))]
    assert scores == sorted(scores, reverse=True)


def test_nothing_is_read_where_there_is_no_hit(assistant: Assistant) -> None:
    assert assistant.reader.read("Who is it?", []) == []


def test_reading_more_passages_finds_more_and_changes_no_score(assistant: Assistant) -> None:
    question = "How long is the border between Kazakhstan and Russia?"
    hits = assistant.retriever.search(question, 10)
    readings = (assistant.reader.read(question, hits[:k]) for k in (4, 10))
    few, many = ({(s.document_id, s.start, s.end): s.score for s in spans} for spans in readings)
    kept = [place for place in few if place in many]
    assert len(kept) >= len(few) - 1  # a better reading of a passage that overlaps may take a span's place
    assert [few[place] for place in kept] == pytest.approx([many[place] for place in kept], abs=1e-3)


def test_many_passages_without_an_answer_do_not_bury_the_one_that_has_it(
    lands: tuple[SpanReader, Retriever], assistant: Assistant
) -> None:
    reader, retriever = lands
    answering: list[Hit] = retriever.search(QUESTION, k=1)
    # Scores of another search mean nothing here; they are made those of passages that retrieval puts last.
    others = [replace(hit, score=0.0) for hit in assistant.retriever.search("mobilisation and migration", 20)]
    alone, among = reader.read(QUESTION, answering)[0], reader.read(QUESTION, [*answering, *others])[0]
    assert (alone.text, alone.start) == (among.text, among.start)
    assert alone.score == pytest.approx(among.score, abs=1e-3)


def test_a_pronoun_is_no_answer(encoder: SentenceTransformerEncoder) -> None:
    text = "She opened the bridge at Naryn. He closed it. The engineer of the bridge was Anna Berg."
    index = Index.build([Document("d", text, "d")], encoder)
    retriever, question = Retriever(index, encoder), "Who opened the bridge at Naryn?"
    spans = SpanReader.load(shipped_reader(), index.lexical.rarity).read(question, retriever.search(question))
    assert spans
    assert not {span.text.casefold() for span in spans} & {"she", "he", "it"}


def test_marks_without_a_letter_or_digit_are_no_answer(encoder: SentenceTransformerEncoder) -> None:
    index = Index.build([Document("d", "[](#) (#) — … !!! (#) text", "d")], encoder)
    retriever = Retriever(index, encoder)
    spans = SpanReader.load(shipped_reader(), index.lexical.rarity).read("What is it?", retriever.search("What is it?"))
    assert all(any(character.isalnum() for character in span.text) for span in spans)
