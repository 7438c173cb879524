from collections.abc import Sequence

import pytest

from rag import Assistant, Document, Hit, Index, Retriever, Sentence, SentenceTransformerEncoder, Span
from rag.errors import InputError
from rag.reading.confidence import Confidence, in_words

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
def test_a_question_gets_the_exact_words_and_where_they_stand(
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


def test_the_same_words_in_another_document_support_the_answer(assistant: Assistant) -> None:
    answer = assistant.ask("How long is the border between Kazakhstan and Russia?").answer
    assert answer is not None
    assert {answer.document, *(support.document for support in answer.support)} == {
        "migration-after-mobilisation.md", "kazakhstan.md",
    }  # fmt: skip


def test_why_is_answered_with_a_sentence(encoder: SentenceTransformerEncoder) -> None:
    text = "Students left Almaty. They left because rents had doubled. The city is large."
    assert _ask_of(encoder, text, "Why did students leave Almaty?")[1].endswith(".")


def test_a_question_in_the_document_is_not_taken_for_its_answer(encoder: SentenceTransformerEncoder) -> None:
    text = "How long is the border between A and B? The border between A and B is 40 km long."
    assert _ask_of(encoder, text, "How long is the border between A and B?")[0].startswith("40 km")


def test_a_question_about_nothing_in_the_documents_is_not_found_with_a_reason(assistant: Assistant) -> None:
    result = assistant.ask("Wer gewann zzz qqq xxx?")
    assert result.answer is None
    assert (result.reason or "").split(":")[0] in ("nothing relevant", "too unsure")
    assert result.hits


def test_what_is_withheld_is_the_near_miss(assistant: Assistant) -> None:
    result = assistant.ask("Who won the 1998 football World Cup?")
    assert result.answer is None
    assert result.near_miss == result.answers[0]
    assert result.near_miss.confidence < assistant.confidence.threshold
    assert (result.reason or "").startswith("too unsure: the nearest words are ")


class FixedReader:
    """Gives the spans that it was told to, at given scores; stands for any other reader behind the contract."""

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
                        Span(hit.passage.document_id, start, end, words, sentence, rank, score, {"logit": score})
                    )
        return found


def test_any_reader_comes_in_behind_the_contract_and_confidence_is_computed_from_its_evidence(
    assistant: Assistant,
) -> None:
    reader = FixedReader(("7,644", 2.0), ("Kazakhstan", -1.0))
    other = Assistant(assistant.retriever, reader, Confidence({"logit": 1.0}, 0.0, threshold=0.5))
    result = other.ask("How long is the border between Kazakhstan and Russia?")
    assert result.answer is not None
    assert result.answer.text == "7,644"
    assert result.answer.confidence == pytest.approx(0.880797, abs=1e-6)
    assert [answer.text for answer in result.answers] == ["7,644", "Kazakhstan"]


def test_without_a_span_there_is_no_answer_and_it_says_so(assistant: Assistant) -> None:
    result = Assistant(assistant.retriever, FixedReader()).ask("How long is the border?")
    assert (result.answer, result.answers) == (None, ())
    assert (result.reason or "").startswith("no span: ")


def test_an_empty_question_is_refused(assistant: Assistant) -> None:
    with pytest.raises(InputError, match="the question is empty"):
        assistant.ask(" ")


def test_the_same_question_gets_the_same_answer(assistant: Assistant) -> None:
    first, second = (assistant.ask("Who leads the CSTO?") for _ in range(2))
    assert (first.answers, first.hits) == (second.answers, second.hits)


@pytest.mark.parametrize(
    ("probability", "words"),
    [(0.95, "very likely right"), (0.75, "likely right"), (0.5, "may be right"), (0.4, "unsure")],
)
def test_a_probability_is_said_in_words(probability: float, words: str) -> None:
    assert in_words(probability) == words


def test_confidence_is_the_logistic_of_the_weighted_evidence() -> None:
    confidence = Confidence({"a": 2.0, "b": -1.0}, bias=0.5, threshold=0.3)
    assert confidence.probability({"a": 1.0, "b": 0.5, "unused": 9.0}) == pytest.approx(0.880797, abs=1e-6)
    with pytest.raises(InputError, match=r"the threshold is 1\.5"):
        Confidence({}, 0.0, 1.5)
