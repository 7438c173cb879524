from collections.abc import Sequence

import pytest

from rag import (
    Assistant,
    Document,
    Hit,
    Index,
    Reason,
    Result,
    Retriever,
    Sentence,
    SentenceTransformerEncoder,
    Signals,
    Span,
)
from rag.errors import InputError
from rag.reading.scoring import Confidence

BORDER = "How long is the border between Kazakhstan and Russia?"


def _ask_of(encoder: SentenceTransformerEncoder, text: str, question: str) -> tuple[str, str]:
    """The answer and its sentence when the text is the only document."""
    index = Index.build([Document("d", text, "d")], encoder)
    result = Assistant(Retriever(index, encoder), confidence=Confidence({}, 10.0, 0.0)).ask(question)
    assert result.answer is not None
    return result.answer.text, result.answer.sentence.text


@pytest.mark.parametrize(
    ("question", "answer", "documents"),
    [
        (BORDER, "7,644 km", {"migration-after-mobilisation", "kazakhstan"}),
        (
            "Who put off a trip to Bishkek in December 2022?",
            "Shavkat Mirziyoyev", {"turkey-and-the-turkic-states", "summits-and-body-language", "uzbekistan"}),
        ("How many people did tsarist troops kill in 1916?", "270,000", {"language-and-colonial-memory"}),
    ],
)  # fmt: skip
def test_answer_is_the_exact_words_at_their_offsets(
    assistant: Assistant, question: str, answer: str, documents: set[str]
) -> None:
    result = assistant.ask(question)
    assert result.answer is not None
    assert (result.answer.text, result.reason) == (answer, None)
    assert result.answer.document.removesuffix(".md") in documents
    assert result.answers[0] == result.answer
    for given in result.answers:
        text = assistant.retriever.document(given.document).text
        assert text[given.start : given.end] == given.text
        assert text[given.sentence.start : given.sentence.end] == given.sentence.text
        assert text[given.passage.start : given.passage.end] == given.passage.text
        assert all(
            text_of(assistant, s.document)[s.start : s.end].casefold() == given.text.casefold() for s in given.support
        )


def text_of(assistant: Assistant, document_id: str) -> str:
    return assistant.retriever.document(document_id).text


def test_same_words_in_another_document_are_support(assistant: Assistant) -> None:
    answer = assistant.ask("How long is the border between Kazakhstan and Russia?").answer
    assert answer is not None
    assert {answer.document, *(support.document for support in answer.support)} == {
        "migration-after-mobilisation.md", "kazakhstan.md",
    }  # fmt: skip


def test_why_question_is_answered_within_a_whole_sentence(encoder: SentenceTransformerEncoder) -> None:
    text = "Students left Almaty. They left because rents had doubled. The city is large."
    assert _ask_of(encoder, text, "Why did students leave Almaty?")[1].endswith(".")


def test_question_in_the_document_is_not_its_answer(encoder: SentenceTransformerEncoder) -> None:
    text = "How long is the border between A and B? The border between A and B is 40 km long."
    assert _ask_of(encoder, text, "How long is the border between A and B?")[0].startswith("40 km")


def test_unrelated_question_is_not_found_with_a_reason(assistant: Assistant) -> None:
    result = assistant.ask("Wer gewann zzz qqq xxx?")
    assert result.answer is None
    assert result.reason_code in (Reason.NOTHING_RELEVANT, Reason.TOO_UNSURE)
    assert result.hits


def test_withheld_answer_is_the_near_miss(assistant: Assistant) -> None:
    result = assistant.ask("Who won the 1998 football World Cup?")
    assert result.answer is None
    assert result.near_miss == result.answers[0]
    assert result.near_miss.confidence < assistant.confidence.threshold
    assert result.reason_code is Reason.TOO_UNSURE
    assert (result.reason or "").startswith("too unsure: the nearest words are ")


class FixedReader:
    """A reader that returns given words with given scores."""

    def __init__(self, *spans: tuple[str, float]) -> None:
        self._spans = spans

    def read(self, question: str, hits: Sequence[Hit]) -> list[Span]:
        found = []
        for words, score in self._spans:
            for rank, hit in enumerate(hits):
                at = hit.passage.text.find(words)
                if at >= 0:
                    start = hit.passage.start + at
                    end = start + len(words)
                    sentence = Sentence(start, end, words)
                    found.append(
                        Span(hit.passage.document_id, start, end, words, sentence, rank, score, Signals(span=score))
                    )
        return found


def test_custom_reader_gets_confidence_from_its_signals(
    assistant: Assistant,
) -> None:
    reader = FixedReader(("7,644", 2.0), ("Kazakhstan", -1.0))
    other = Assistant(assistant.retriever, reader, Confidence({"span": 1.0}, 0.0, threshold=0.5))
    result = other.ask("How long is the border between Kazakhstan and Russia?")
    assert result.answer is not None
    assert result.answer.text == "7,644"
    assert result.answer.confidence == pytest.approx(0.880797, abs=1e-6)
    assert [answer.text for answer in result.answers] == ["7,644", "Kazakhstan"]


def test_no_span_gives_no_answer_with_that_reason(assistant: Assistant) -> None:
    result = Assistant(assistant.retriever, FixedReader()).ask("How long is the border?")
    assert (result.answer, result.answers) == (None, ())
    assert result.reason_code is Reason.NO_SPAN


def test_empty_question_is_refused(assistant: Assistant) -> None:
    with pytest.raises(InputError, match="the question is empty"):
        assistant.ask(" ")


def test_same_question_gets_the_same_answer(assistant: Assistant) -> None:
    first, second = (assistant.ask("Who leads the CSTO?") for _ in range(2))
    assert (first.answers, first.hits) == (second.answers, second.hits)


def test_stages_one_by_one_equal_ask(assistant: Assistant) -> None:
    asked = assistant.ask(BORDER, min_confidence=0.2)
    found = assistant.retrieve(BORDER)
    assert (found.answer, found.answers, found.reason) == (None, (), None)
    assert found.hits == asked.hits
    read = assistant.read(found)
    assert (read.answer, read.reason_code) == (None, None)
    judged = assistant.judge(read, 0.2)
    assert (judged.answer, judged.answers, judged.agreement) == (asked.answer, asked.answers, asked.agreement)
    assert judged.seconds.total == judged.seconds.retrieve + judged.seconds.read > 0


def test_judging_again_changes_the_answer_and_reads_nothing(assistant: Assistant) -> None:
    result = assistant.ask(BORDER)
    withheld = assistant.judge(result, 1.0)
    assert (withheld.answer, withheld.reason_code, withheld.agreement.groups) == (None, Reason.TOO_UNSURE, ())
    assert assistant.judge(withheld) == result


def test_reading_a_judged_result_again_drops_its_verdict(assistant: Assistant) -> None:
    judged = assistant.ask(BORDER)
    read = assistant.read(judged)
    assert (read.answer, read.reason_code, read.agreement.groups) == (None, None, ())
    assert read.answers == judged.answers


def test_retrieving_no_hits_is_refused(assistant: Assistant) -> None:
    with pytest.raises(InputError, match="k is 0"):
        assistant.retrieve(BORDER, k=0)


def test_given_passages_are_read_without_retrieval(assistant: Assistant) -> None:
    hits = assistant.retriever.search(BORDER, 3)
    result = assistant.judge(assistant.read(Result.of_hits(BORDER, hits)))
    assert result.answer is not None
    assert (result.answer.text, result.hits) == ("7,644 km", tuple(hits))


def test_filter_that_matches_nothing_is_nothing_relevant(assistant: Assistant) -> None:
    result = assistant.ask(BORDER, where=["path=no-such-file.md"])
    assert (result.reason_code, result.reason) == (
        Reason.NOTHING_RELEVANT, "nothing relevant: no document matches the conditions",
    )  # fmt: skip
