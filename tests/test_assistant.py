import json
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rag import (
    Answer,
    AnswerKind,
    Assistant,
    Attribution,
    Document,
    Hit,
    Index,
    Notice,
    NoticeCode,
    Reason,
    Result,
    Retriever,
    Sentence,
    SentenceTransformerEncoder,
    Signals,
    Span,
    Support,
)
from rag.errors import InputError
from rag.questions.anchors import Selection
from rag.questions.feedback import FeedbackFile
from rag.questions.polarity import YES_NO_TEXT
from rag.questions.scope import COMPARED_TEXT, COMPARISON_TEXT
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
    result = assistant.ask(question, min_confidence=0.3)
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
    result = assistant.ask("Who won the zzz qqq xxx?")
    assert result.answer is None
    assert result.reason_code in (Reason.NOTHING_RELEVANT, Reason.TOO_UNSURE)
    assert result.hits


def test_withheld_answer_is_the_near_miss(assistant: Assistant) -> None:
    result = assistant.ask("Who won the 1998 football World Cup?")
    assert result.answer is None
    assert result.near_miss == result.answers[0]
    assert result.near_miss.confidence < assistant.confidence.threshold
    assert result.reason_code is Reason.TOO_UNSURE
    assert re.fullmatch(
        r"too unsure: no candidate is at least \d\d% likely to be right \(the best one: \d+%\); .*", result.reason or ""
    )


class FixedReader:
    """A reader that returns given words with given scores."""

    def __init__(self, *spans: tuple[str, float]) -> None:
        self.language: str | None = "en"
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


def test_answers_are_in_order_of_the_reader_and_of_confidence(assistant: Assistant) -> None:
    reader = FixedReader(("Kazakhstan", -1.0), ("7,644", 2.0), ("4,750", 1.0))
    confidence = Confidence({"span": 1.0, "dense": 5.0, "lead": 0.5}, -3.0, threshold=0.5)
    answers = Assistant(assistant.retriever, reader, confidence).ask(BORDER).answers
    assert [answer.text for answer in answers] == ["7,644", "4,750", "Kazakhstan"]
    confidences = [answer.confidence for answer in answers]
    assert confidences == sorted(confidences, reverse=True)
    assert [answer.signals.lead for answer in answers] == [0.0, -1.0, -3.0]


def test_place_where_the_words_do_not_answer_is_no_support(assistant: Assistant) -> None:
    reader = FixedReader(("Kazakhstan", 0.0))
    places = reader.read(BORDER, assistant.retriever.search(BORDER, 10))[:3]
    # The reader takes the words for an answer at the first two places, and not at the third.
    best, second, third = (
        replace(span, score=score, signals=Signals(span=score))
        for span, score in zip(places, (2.0, 0.5, -0.5), strict=True)
    )
    reader.read = lambda question, hits: [best, second, third]
    (answer,) = Assistant(assistant.retriever, reader).read(assistant.retrieve(BORDER)).answers
    assert (answer.document, answer.start) == (best.document_id, best.start)
    assert answer.support == (Support(second.document_id, second.start, second.end),)


def test_words_of_the_question_are_no_candidate(assistant: Assistant) -> None:
    found = assistant.read(assistant.retrieve("What is the capital of Turkmenistan?"))
    assert found.answers
    assert "turkmenistan" not in [answer.text.casefold() for answer in found.answers]


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("Summarise the articles on Kazakhstan", NoticeCode.SUMMARY),
        ("Wie lang ist die Grenze zwischen Kasachstan und Russland?", NoticeCode.LANGUAGE),
    ],
)
def test_question_that_quotes_cannot_answer_gets_a_notice(
    assistant: Assistant, question: str, code: NoticeCode
) -> None:
    result = assistant.ask(question)
    assert result.notice and result.notice.code is code
    assert (result.answer, result.reason_code, result.reason) == (None, Reason.UNSUPPORTED, result.notice.text)
    assert result.agreement.groups == ()


def test_comparison_is_answered_by_sentences(assistant: Assistant) -> None:
    result = assistant.ask("Compare the two waves of Russian emigrants.")
    assert (result.answer_kind, result.answer) == (AnswerKind.EVIDENCE, None)
    assert result.likely_evidence[0].text == "Russians left for Central Asia in two waves."
    assert result.notice is not None
    assert (result.notice.code, result.notice.text) == (NoticeCode.COMPARISON, COMPARED_TEXT)
    unsure = assistant.judge(result, 0.99)
    assert (unsure.answer_kind, unsure.reason_code, unsure.reason) == (None, Reason.UNSUPPORTED, COMPARISON_TEXT)
    assert unsure.notice is not None
    assert unsure.notice.text == COMPARISON_TEXT
    assert assistant.judge(unsure) == result


def test_reader_of_another_language_is_asked_in_that_language(assistant: Assistant) -> None:
    reader = FixedReader(("7,644", 2.0))
    reader.language = "de"
    result = Assistant(assistant.retriever, reader).ask("Wie lang ist die Grenze zwischen Kasachstan und Russland?")
    assert result.notice is None
    assert [answer.text for answer in result.answers] == ["7,644"]


def test_reader_without_a_language_is_asked_in_any(assistant: Assistant) -> None:
    reader = FixedReader(("7,644", 2.0))
    del reader.language
    assert Assistant(assistant.retriever, reader).ask("Wie lang ist die Grenze?").notice is None


def test_unclear_follow_up_gets_a_notice_and_is_not_continued(assistant: Assistant) -> None:
    result = assistant.ask("And in Kyrgyzstan?")
    assert result.notice and result.notice.code is NoticeCode.UNCLEAR_FOLLOW_UP
    assert result.reason_code is not Reason.UNSUPPORTED
    assert result.continuable is None
    assert assistant.ask(BORDER).continuable == BORDER


def test_follow_up_is_spelt_out(assistant: Assistant) -> None:
    result = assistant.ask("And in Kyrgyzstan?", previous="Who is the president of Uzbekistan?")
    assert result.question == "Who is the president of Kyrgyzstan?"
    assert result.notice and result.notice.code is NoticeCode.FOLLOW_UP
    assert result.notice.text == "Understood as: “Who is the president of Kyrgyzstan?”"
    assert result.answers == assistant.ask("Who is the president of Kyrgyzstan?").answers


AT = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)


@pytest.fixture
def with_feedback(assistant: Assistant, tmp_path: Path) -> Assistant:
    feedback = FeedbackFile(tmp_path / "feedback.jsonl")
    return Assistant(assistant.retriever, assistant.reader, assistant.confidence, feedback=feedback)


def _select(answer: Answer) -> Selection:
    return Selection(answer.document, answer.start, answer.end)


def _mark(assistant: Assistant, **marks: Any) -> None:
    assert assistant.feedback
    assistant.feedback.add(BORDER, assistant.index.documents, by="Anna", at=AT, **marks)


class TestFeedback:
    def test_words_marked_right_come_first_with_attribution(self, with_feedback: Assistant) -> None:
        other = with_feedback.ask(BORDER).answers[1]
        _mark(with_feedback, right=[_select(other)])
        for question in (BORDER, BORDER.upper(), BORDER.removesuffix("?") + " ..."):
            result = with_feedback.ask(question, min_confidence=0.95)
            assert result.answer
            assert (result.answer.text, result.answer.start, result.answer.sentence) == (
                other.text, other.start, other.sentence,
            )  # fmt: skip
            assert (result.answer.confidence, result.answer.feedback) == (
                1.0,
                Attribution("Anna", "2026-11-28T09:30:00Z"),
            )
            assert [answer.text for answer in result.answers].count(other.text) == 1
        assert with_feedback.ask("How long is it?").answer != result.answer

    def test_words_marked_right_take_the_place_of_the_last_candidate(self, with_feedback: Assistant) -> None:
        before = with_feedback.ask(BORDER)
        sentence, best = before.answers[0].sentence, before.answers[0]
        first_word = Selection(best.document, sentence.start, sentence.start + sentence.text.index(" "))
        _mark(with_feedback, right=[first_word])
        after = with_feedback.ask(BORDER)
        assert len(before.answers) == len(after.answers) == 5
        assert [answer.text for answer in after.answers[1:]] == [answer.text for answer in before.answers[:4]]

    def test_words_marked_wrong_are_not_offered_again(self, with_feedback: Assistant) -> None:
        before = with_feedback.ask(BORDER)
        assert before.answer
        _mark(with_feedback, wrong=[_select(before.answer)])
        after = with_feedback.ask(BORDER)
        assert [answer.text for answer in after.answers] == [answer.text for answer in before.answers[1:]]
        assert after.notice and after.notice.code is NoticeCode.MARKED_WRONG
        assert after.notice.text == "Left out, because it was marked wrong by Anna on 2026-11-28: “7,644 km”."

    def test_question_marked_unanswerable_says_who_and_when(self, with_feedback: Assistant) -> None:
        _mark(with_feedback, unanswerable=True)
        result = with_feedback.ask(BORDER, min_confidence=0.0)
        assert (result.answer, result.reason_code) == (None, Reason.MARKED_UNANSWERABLE)
        assert result.reason == "No document answers this: marked by Anna on 2026-11-28."

    def test_judging_again_keeps_the_feedback(self, with_feedback: Assistant) -> None:
        _mark(with_feedback, right=[_select(with_feedback.ask(BORDER).answers[1])])
        result = with_feedback.ask(BORDER)
        assert with_feedback.judge(result, 0.99) == replace(result, min_confidence=0.99)

    def test_feedback_on_words_that_are_gone_is_ignored(self, with_feedback: Assistant, tmp_path: Path) -> None:
        place = {"document": "kazakhstan.md", "sentence": "It is 9 km long.", "quote": "9 km"}
        line = {"id": "q", "question": BORDER, "kind": "how many", "answers": [place]}
        (tmp_path / "feedback.jsonl").write_text(json.dumps(line))
        assert with_feedback.ask(BORDER).answers == with_feedback.read(with_feedback.retrieve(BORDER)).answers

    def test_words_marked_right_answer_only_if_filters_match(self, with_feedback: Assistant) -> None:
        other = with_feedback.ask(BORDER).answers[1]
        _mark(with_feedback, right=[_select(other)])
        inside = with_feedback.ask(BORDER, where={"path": other.document}).answer
        assert inside and inside.confidence == 1.0
        outside = with_feedback.ask(BORDER, where={"path": f"!={other.document}"})
        assert all(answer.document != other.document for answer in outside.answers)

    def test_words_marked_right_answer_even_if_nothing_is_found(self, with_feedback: Assistant) -> None:
        place = _select(with_feedback.ask(BORDER).answers[0])
        assert with_feedback.feedback
        with_feedback.feedback.add("Qwxz vbnm?", with_feedback.index.documents, right=[place], by="Anna", at=AT)
        assert with_feedback.read(with_feedback.retrieve("Qwxz vbnm?")).answers == ()
        result = with_feedback.ask("Qwxz vbnm?")
        assert result.answer and result.answer.start == place.start

    def test_retrieving_and_reading_ignore_feedback(self, with_feedback: Assistant) -> None:
        plain = with_feedback.read(with_feedback.retrieve(BORDER))
        _mark(with_feedback, right=[_select(plain.answers[1])])
        assert with_feedback.read(with_feedback.retrieve(BORDER)).answers == plain.answers


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


def test_questions_asked_at_once_get_the_answers_that_they_get_alone(assistant: Assistant) -> None:
    questions = [
        "How long is the border between Kazakhstan and Russia?", "Who is the president of Uzbekistan?",
        "Who put off a trip to Bishkek in December 2022?", "Who won the 1998 football World Cup?",
        "How many students from Central Asia study in Russia?", "What did Kazakhstan do in 2022?",
    ]  # fmt: skip
    alone = [assistant.ask(question) for question in questions]
    with ThreadPoolExecutor(len(questions)) as pool:
        together = list(pool.map(assistant.ask, questions))
    for one, other in zip(alone, together, strict=True):
        assert [hit.passage for hit in one.hits] == [hit.passage for hit in other.hits]
        assert [(each.document, each.start, each.end) for each in one.answers] == [
            (each.document, each.start, each.end) for each in other.answers
        ]
        assert [each.confidence for each in other.answers] == pytest.approx(
            [each.confidence for each in one.answers], abs=1e-3
        )


def test_sentences_answer_why_and_keywords_and_words_answer_the_rest(assistant: Assistant) -> None:
    for question in ("Why were dollars scarce?", "rents in the towns of northern Kazakhstan"):
        result = assistant.ask(question)
        assert result.answer_kind is AnswerKind.EVIDENCE
        assert result.evidence[0].probability >= 0.5
        assert assistant.judge(result, 1.0).answer_kind is None
    assert assistant.ask(BORDER).answer_kind is AnswerKind.SPAN


def test_yes_no_question_gets_sentences_and_no_span_that_states_nothing(assistant: Assistant) -> None:
    result = assistant.ask("Is Kazakhstan's border with Russia the longest in the world?")
    assert result.answers[0].confidence > 0.5
    assert (result.answer, result.reason_code, result.answer_kind) == (None, Reason.YES_NO, AnswerKind.EVIDENCE)
    assert result.notice == Notice(NoticeCode.YES_NO, YES_NO_TEXT)
    assert any("border" in each.text for each in result.evidence)
    without = assistant.judge(result, 1.0)
    assert (without.answer_kind, without.notice) == (None, None)
    marked = replace(result.answers[0], confidence=1.0, feedback=Attribution())
    assert assistant.judge(replace(result, answers=(marked,))).answer == marked


def test_negated_question_gets_no_span_of_what_is_so(assistant: Assistant) -> None:
    result = assistant.ask("Where did the Shanghai Cooperation Organisation not meet in September?")
    assert result.answers[0].text == "Samarkand"
    assert (result.answer, result.reason_code, result.answer_kind) == (None, Reason.NEGATED, None)
    answer = assistant.ask("Which country is not a member of the CSTO?").answer
    assert answer
    assert answer.text == "Uzbekistan and Turkmenistan"


def test_words_marked_right_come_before_sentences(assistant: Assistant) -> None:
    result = assistant.ask("Why were dollars scarce?")
    marked = replace(result.answers[0], confidence=1.0, feedback=Attribution())
    judged = assistant.judge(replace(result, answers=(marked,)))
    assert judged.answer_kind is AnswerKind.SPAN


def test_refused_question_has_no_answer_kind(assistant: Assistant) -> None:
    assert assistant.ask("Summarize the rents in the towns of northern Kazakhstan").answer_kind is None


def test_list_has_its_items_at_their_offsets(assistant: Assistant) -> None:
    answer = assistant.ask("Which countries would like closer ties with Turkey?").answers[0]
    assert [item.text for item in answer.items] == ["Kazakhstan", "Kyrgyzstan", "Uzbekistan"]
    text = assistant.index.documents[answer.document].text
    assert [text[item.start : item.end] for item in answer.items] == [item.text for item in answer.items]
    assert assistant.ask(BORDER).answers[0].items == ()


def test_question_for_five_things_gets_no_number(assistant: Assistant) -> None:
    answers = [answer.text for answer in assistant.ask("Which five countries make up Central Asia?").answers]
    assert answers
    assert "Four" not in answers
