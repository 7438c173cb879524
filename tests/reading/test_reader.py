"""The default reader."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from rag import Assistant, Document, Hit, Index, Retriever, SentenceTransformerEncoder, SpanReader
from rag.paths import shipped_reader
from rag.reading import reader
from rag.reading.folder import SECOND
from rag.reading.model import SpanModel
from rag.reading.predictor import Pair, ReadText, SpanPredictor
from rag.reading.reader import READ_AGAIN
from rag.reading.scoring import Ranking, prior_score
from rag.reading.spans import repeats_question
from rag.reading.weights import WEIGHTS, load_weights
from rag.text.words import is_inside_word

QUESTION = "How long is the border of land 7?"


@pytest.fixture(scope="module")
def lands(encoder: SentenceTransformerEncoder) -> tuple[SpanReader, Retriever]:
    sentences = [f"Sentence number {i} says that the border of land {i} is {i}00 km long." for i in range(40)]
    index = Index.build([Document("d", " ".join(sentences), "d")], encoder)
    return SpanReader.load(shipped_reader(), index.lexical.rarity), Retriever(index, encoder)


def test_overlapping_passages_give_each_span_once(lands: tuple[SpanReader, Retriever]) -> None:
    reader, retriever = lands
    spans = reader.read(QUESTION, retriever.search(QUESTION, k=5))
    assert spans[0].text.startswith("700 km")
    places = sorted((span.start, span.end) for span in spans)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(places))


def test_spans_are_slices_of_their_document_and_sentence(assistant: Assistant) -> None:
    question = "Who postponed a visit to Bishkek?"
    for span in assistant.reader.read(question, assistant.retriever.search(question, 10)):
        text = assistant.retriever.document(span.document_id).text
        assert text[span.start : span.end] == span.text
        assert text[span.sentence.start : span.sentence.end] == span.sentence.text
        assert span.sentence.start <= span.start < span.end <= span.sentence.end


def test_spans_are_ordered_by_their_ranking_value(assistant: Assistant) -> None:
    question = "Who thinks that Beijing will gain weight?"
    spans = assistant.reader.read(question, assistant.retriever.search(question, 10))
    scores = [span.score for span in spans]
    assert scores == [Ranking.load(shipped_reader()).value(span.signals) for span in spans]
    assert scores == sorted(scores, reverse=True)


def test_best_passages_are_read_again_by_the_second_model(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "MAX_GAP", math.inf)
    first, second = (
        SpanPredictor.of(SpanModel.load(folder)) for folder in (shipped_reader(), shipped_reader() / SECOND)
    )
    order = Ranking({"span": 1.0})
    rarity = assistant.index.lexical.rarity
    question = "Who thinks that Beijing will gain weight?"
    hits = assistant.retriever.search(question, 10)
    alone = SpanReader(first, rarity, order).candidates(question, hits)
    assert all(span.signals.second_pass_score == span.signals.span for span in alone)
    best = list(dict.fromkeys(span.hit for span in alone))[:READ_AGAIN]
    spans = SpanReader(first, rarity, order, second).candidates(question, hits)
    again = [span for span in spans if span.hit in best]
    others = [span for span in spans if span.hit not in best]
    assert {span.hit for span in again} == set(best)
    assert others
    assert {span.signals.second_pass_score for span in others} == {
        min(span.signals.second_pass_score for span in again)
    }
    by_place = {(span.document_id, span.start, span.end): span.signals for span in alone}
    for span in again:
        hit = hits[span.hit]
        found = second.predict([Pair(question, hit.title, hit.passage.text)])[0]
        # A unit or the marks of a link may have moved the span a little.
        nearest = min(found, key=lambda each: abs(hit.passage.start + each.start - span.start))
        assert span.signals.second_pass_score == pytest.approx(nearest.score, abs=1e-3)
        if known := by_place.get((span.document_id, span.start, span.end)):
            assert span.signals.span == pytest.approx(known.span, abs=1e-3)


def test_passages_far_behind_the_best_are_not_read_again(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (
        SpanPredictor.of(SpanModel.load(folder)) for folder in (shipped_reader(), shipped_reader() / SECOND)
    )
    read: list[int] = []
    read_with_second = second.read

    def counted(pairs: Sequence[Pair]) -> list[ReadText]:
        read.append(len(pairs))
        return read_with_second(pairs)

    monkeypatch.setattr(second, "read", counted)
    rarity, order = assistant.index.lexical.rarity, Ranking({"span": 1.0})
    question = "Who thinks that Beijing will gain weight?"
    hits = assistant.retriever.search(question, 10)
    scores: dict[int, float] = {}
    for span in SpanReader(first, rarity, order).candidates(question, hits):
        scores.setdefault(span.hit, span.score)
    best, next_best, third, *_ = scores.values()
    behind = [0.0, best - next_best, best - third]
    for gap in ((behind[0] + behind[1]) / 2, (behind[1] + behind[2]) / 2, behind[2] + 1, math.inf):
        monkeypatch.setattr(reader, "MAX_GAP", gap)
        SpanReader(first, rarity, order, second).candidates(question, hits)
    assert read == [1, 2, 3, 3]


def test_weights_of_one_model_keep_its_order(assistant: Assistant) -> None:
    predictor = SpanPredictor.of(SpanModel.of(load_weights(shipped_reader() / WEIGHTS)))
    first = SpanReader(predictor, assistant.index.lexical.rarity, Ranking({"span": 1.0, "retrieval": 2.0}))
    question = "Who thinks that Beijing will gain weight?"
    scores = [span.score for span in first.read(question, assistant.retriever.search(question, 10))]
    assert scores == sorted(scores, reverse=True)


def test_no_hits_give_no_spans(assistant: Assistant) -> None:
    assert assistant.reader.read("Who is it?", []) == []


def test_reading_more_passages_changes_no_score_of_the_first_model(assistant: Assistant) -> None:
    predictor = SpanPredictor.of(SpanModel.load(shipped_reader()))
    reader = SpanReader(predictor, assistant.index.lexical.rarity, Ranking({"span": 1.0}))
    question = "How long is the border between Kazakhstan and Russia?"
    hits = assistant.retriever.search(question, 10)
    readings = (reader.read(question, hits[:k]) for k in (4, 10))
    few, many = ({(s.document_id, s.start, s.end): prior_score(s.signals) for s in spans} for spans in readings)
    kept = [place for place in few if place in many]
    assert len(kept) >= len(few) - 1  # a better reading of a passage that overlaps may take a span's place
    assert [few[place] for place in kept] == pytest.approx([many[place] for place in kept], abs=1e-3)


def test_passages_without_an_answer_do_not_change_the_best_span(
    lands: tuple[SpanReader, Retriever], assistant: Assistant
) -> None:
    reader, retriever = lands
    answering: list[Hit] = retriever.search(QUESTION, k=1)
    # Scores of another search do not compare; give these hits the lowest.
    others = [replace(hit, score=0.0) for hit in assistant.retriever.search("mobilisation and migration", 20)]
    alone, among = reader.read(QUESTION, answering)[0], reader.read(QUESTION, [*answering, *others])[0]
    assert (alone.text, alone.start) == (among.text, among.start)
    assert prior_score(alone.signals) == pytest.approx(prior_score(among.signals), abs=1e-3)


def test_words_of_the_question_are_not_an_answer(encoder: SentenceTransformerEncoder) -> None:
    text = "Turkmenistan is a country. The capital of Turkmenistan is not on the map of Turkmenistan."
    index = Index.build([Document("d", text, "d")], encoder)
    retriever, question = Retriever(index, encoder), "What is the capital of Turkmenistan?"
    spans = SpanReader.load(shipped_reader(), index.lexical.rarity).read(question, retriever.search(question))
    assert not {span.text.strip(".") for span in spans} & {"Turkmenistan", "The capital", "The capital of Turkmenistan"}


@pytest.mark.parametrize(
    ("text", "question", "repeats"),
    [
        ("Turkmenistan", "What is the capital of Turkmenistan?", True),
        ("the capitals", "What is the capital of Turkmenistan?", True),
        ("Ashgabat", "What is the capital of Turkmenistan?", False),
        ("the capital Ashgabat", "What is the capital of Turkmenistan?", False),
        ("Russia", "Is the border with China or Russia longer?", False),
        ("A", "Which blood group is it?", False),
    ],
)
def test_text_that_repeats_the_question(text: str, question: str, repeats: bool) -> None:
    assert repeats_question(text, question) == repeats


def test_pronouns_are_not_answers(encoder: SentenceTransformerEncoder) -> None:
    text = "She opened the bridge at Naryn. He closed it. The engineer of the bridge was Anna Berg."
    index = Index.build([Document("d", text, "d")], encoder)
    retriever, question = Retriever(index, encoder), "Who opened the bridge at Naryn?"
    spans = SpanReader.load(shipped_reader(), index.lexical.rarity).read(question, retriever.search(question))
    assert spans
    assert not {span.text.casefold() for span in spans} & {"she", "he", "it"}


def test_punctuation_is_not_an_answer(encoder: SentenceTransformerEncoder) -> None:
    index = Index.build([Document("d", "[](#) (#) — … !!! (#) text", "d")], encoder)
    retriever = Retriever(index, encoder)
    spans = SpanReader.load(shipped_reader(), index.lexical.rarity).read("What is it?", retriever.search("What is it?"))
    assert all(any(character.isalnum() for character in span.text) for span in spans)


def test_marks_of_a_link_are_not_part_of_an_answer(encoder: SentenceTransformerEncoder) -> None:
    text = (
        "The bridge at Naryn was opened by the engineer [Anna Berg]() in 1901, [the papers](https://a.example/b) say."
    )
    index = Index.build([Document("d.md", text, "d")], encoder)
    question = "Who opened the bridge at Naryn?"
    spans = SpanReader.load(shipped_reader(), index.lexical.rarity).read(
        question, Retriever(index, encoder).search(question)
    )
    assert spans[0].text == "Anna Berg"
    assert text[spans[0].start : spans[0].end] == "Anna Berg"


def test_sentence_of_a_heading_begins_after_its_marks(encoder: SentenceTransformerEncoder) -> None:
    text = "## The bridge at Naryn was opened by Anna Berg\n\nIt is made of wood."
    index = Index.build([Document("d.md", text, "d")], encoder)
    question = "Who opened the bridge at Naryn?"
    best = SpanReader.load(shipped_reader(), index.lexical.rarity).read(
        question, Retriever(index, encoder).search(question)
    )[0]
    assert best.text == "Anna Berg"
    assert best.sentence.text == "The bridge at Naryn was opened by Anna Berg"
    assert text[best.sentence.start : best.sentence.end] == best.sentence.text


def test_answer_never_begins_inside_a_number_and_keeps_its_unit(
    encoder: SentenceTransformerEncoder, assistant: Assistant
) -> None:
    rows = [
        "MIR, DANA DIRECTOR 31,999.64",
        "SOLT, IVAN C ASSISTANT FROM MAY 7 14,222.08",
        "RASK, ANNE E ASSISTANT 23,888.97",
    ]
    text = "\n".join(rows) + "\n\nThe ferry weighs about 4,500 tonnes and cost US$12 million."
    index = Index.build([Document("pay.txt", text, "Pay")], encoder)
    asked = Assistant(Retriever(index, encoder), assistant.reader)
    for question in ("How much was RASK paid?", "How much was SOLT, IVAN C paid?", "What did the ferry cost?"):
        for answer in asked.ask(question).answers:
            assert not is_inside_word(text, answer.start), answer.text
            assert not is_inside_word(text, answer.end), answer.text
    assert asked.ask("How much does the ferry weigh?").answers[0].text.endswith("4,500 tonnes")
    assert asked.ask("How much did the ferry cost?").answers[0].text == "US$12 million"


def test_questions_read_together_get_the_spans_of_each_alone(assistant: Assistant) -> None:
    reader = assistant.reader
    assert isinstance(reader, SpanReader)
    questions = ["Who postponed a visit to Bishkek?", "How long is the border?", "Who won the World Cup?"]
    counts = (6, 1, 3)
    requests = [(text, assistant.retriever.search(text, k)) for text, k in zip(questions, counts, strict=True)]
    found = [read.spans for read in reader.read_hits([*requests, ("Who?", [])])]
    for (question, hits), spans in zip(requests, found, strict=False):
        alone = reader.read(question, hits)
        assert [(span.document_id, span.start, span.end) for span in spans] == [
            (span.document_id, span.start, span.end) for span in alone
        ]
        assert [span.score for span in spans] == pytest.approx([span.score for span in alone], abs=1e-3)
    assert found[3] == []


def test_readers_of_two_precisions_do_not_share_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    engines = []
    for precision in ("float32", "int8", "float32"):
        monkeypatch.setenv("RAG_PRECISION", precision)
        loaded = SpanReader.load(shipped_reader(), lambda words: [1.0 for _ in words], "cpu")
        engines.append(loaded._predictor.model.engine)
    assert engines[0] is not engines[1]
    assert engines[0] is engines[2]
