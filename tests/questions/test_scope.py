"""Questions that quotes cannot answer, and follow-ups."""

import json

import pytest
from rag.eval.paths import SHIPPED_QUESTIONS

from rag import NoticeCode
from rag.questions.follow_up import is_follow_up, spelt_out
from rag.questions.scope import unsupported

SHIPPED = [json.loads(line)["question"] for line in SHIPPED_QUESTIONS.read_text(encoding="utf-8").splitlines()]


def test_no_shipped_question_is_called_unsupported_or_a_follow_up() -> None:
    assert len(SHIPPED) == 442
    assert [question for question in SHIPPED if unsupported(question) or is_follow_up(question)] == []


@pytest.mark.parametrize(
    "question",
    ["Please summarise the report", "Give me a short summary of the articles", "tl;dr", "What is this document about?"],
)
def test_request_for_a_summary_is_recognised(question: str) -> None:
    notice = unsupported(question)
    assert notice and notice.code is NoticeCode.SUMMARY


@pytest.mark.parametrize("question", ["Compare the two polls", "Can you compare Tashkent with Astana?"])
def test_request_for_a_comparison_is_recognised(question: str) -> None:
    notice = unsupported(question)
    assert notice and notice.code is NoticeCode.COMPARISON


@pytest.mark.parametrize(
    "question",
    [
        "Wie lang ist die Grenze?", "Wer gewann die Wahl?", "Quelle est la capitale du Kazakhstan ?", "Où est-il né ?",
        "¿Cuál es la capital de Kazajistán?", "Quanti abitanti ha il paese?", "Кто президент Казахстана?",
        "哈萨克斯坦的首都是什么?", "Kazakistan'ın başkenti neresidir?", "Kto jest prezydentem?", "Quem é o presidente?",
    ],
)  # fmt: skip
def test_other_language_is_recognised(question: str) -> None:
    notice = unsupported(question)
    assert notice and notice.code is NoticeCode.LANGUAGE
    assert unsupported(question, language=None) is None


@pytest.mark.parametrize(
    "question",
    [
        "Kim Jong-un age", "Les Misérables author", "Who wrote Was ist Metaphysik?", "Who is Angela de la Cruz?",
        "Los Angeles population", "What was Les Plaisirs et les Jours?", "Who said, Here I stand, I can do no other?",
        "Nursultan Nazarbayev", "What does казахский mean in English?", "MIT students 2022", "7,644 km?", "?",
        "Which summary did the committee publish?", "How do the polls compare?", "Submit a FOI request",
        "IST time zone", "Is Wat Arun older than Wat Pho?", "Can UN troops enter AU states?",
        "Will Gen Z outnumber Gen Y?", "Contrast ratio of the display?",
    ],
)  # fmt: skip
def test_english_with_foreign_names_is_no_other_language(question: str) -> None:
    assert unsupported(question) is None


@pytest.mark.parametrize(
    "question", ["And who won the election?", "And who became president?", "OR Tambo airport location", "And why so?"]
)
def test_complete_question_is_no_follow_up(question: str) -> None:
    assert not is_follow_up(question)


@pytest.mark.parametrize(
    ("question", "previous", "full"),
    [
        ("And in Kyrgyzstan?", "What is the capital of Uzbekistan?", "What is the capital of Kyrgyzstan?"),
        ("and in Kyrgyzstan?", "How many migrants work in Russia?", "How many migrants work in Kyrgyzstan?"),
        ("What about Kyrgyzstan?", "Who leads Uzbekistan?", "Who leads Kyrgyzstan?"),
        ("How about 2021?", "How many people left in 2022?", "How many people left in 2021?"),
        ("And the Uzbeks?", "What do the Kazakhs think?", "What do the Uzbeks think?"),
        ("But in Tajikistan?", "How high is inflation?", "How high is inflation in Tajikistan?"),
        ("And in Osh?", "Where can I find rents?", "Where can I find rents in Osh?"),
        ("And Kazakhstan?", "What is Russia's capital?", "What is Kazakhstan's capital?"),
        ("And in Kyrgyzstan?", "Describe the climate", "Describe the climate in Kyrgyzstan?"),
        ("And Boston?", "New York City has how many people?", "Boston has how many people?"),
        ("And Lufthansa?", "Air Astana baggage limit?", "Lufthansa baggage limit?"),
        ("And Kyrgyzstan?", "Name Uzbekistan's president", "Name Kyrgyzstan's president"),
        ("And Kyrgyzstan?", "Population of Uzbekistan?", "Population of Kyrgyzstan?"),
        ("And Kyrgyzstan?", "Population growth?", None),
        ("And Boston?", "In New York how many people live?", "In Boston how many people live?"),
        ("And Osh?", "Find Bishkek hotels", "Find Osh hotels"),
        ("And in Kyrgyzstan?", "How long is the border between Kazakhstan and Russia?", None),
        ("And when?", "Who postponed a visit to Bishkek?", None),
        ("What about the rents?", "Who left Almaty?", None),
        ("And in kyrgyzstan?", "who leads uzbekistan?", None),
    ],
)
def test_follow_up_takes_its_subject_from_the_question_before(question: str, previous: str, full: str | None) -> None:
    assert is_follow_up(question)
    assert spelt_out(question, previous) == full


@pytest.mark.parametrize("question", ["And who is it?", "And what did they say about it?", "In Kyrgyzstan?", "And", ""])
def test_full_question_is_no_follow_up(question: str) -> None:
    assert not is_follow_up(question)
