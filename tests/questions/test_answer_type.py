"""Whether an answer is of the type that its question asks for."""

import pytest

from rag.questions.answer_type import concise_end, fits_question, is_count_of_things


@pytest.mark.parametrize(
    ("question", "fitting", "other"),
    [
        ("How much did rents rise?", ["by a third", "40%", "fivefold and twofold", "sevenfold"], "massive"),
        ("By what factor did exports grow?", ["three times", "3.5"], "increased"),
        ("How many people left?", ["a dozen", "twenty-one", "most of them", "300,000"], "the citizens"),
        ("How long is the bridge?", ["200 m", "two miles"], "made of steel"),
        ("How long did it last?", ["until the spring", "for years", "nine days"], "Bishkek"),
        ("When was it signed?", ["in May", "1991", "after the war", "on Monday"], "Almaty"),
        ("On which day did they meet?", ["Tuesday", "the 9th", "15 May 2022"], "that month"),
        ("In what year was he born?", ["1948", "the 1960s", "44 BC"], "in spring"),
        ("Who signed it?", ["Anna Berg", "the 27 members", "farmers"], "15 May 2022"),
        ("Where did they meet?", ["in Osh", "Room 9"], "two days"),
    ],
)
def test_answers_of_another_type_are_found(question: str, fitting: list[str], other: str) -> None:
    assert [text for text in fitting if not fits_question(text, question)] == []
    assert not fits_question(other, question)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Why did they leave?", "42"),
        ("What part of the river is in Uzbekistan?", "the lower course"),
        ("When the river floods, what happens to the fields?", "they are covered by silt"),
        ("When is a permit needed?", "if more than one person crosses"),
        ("Who wrote 'What year is it?'", "Ana Ruiz"),
        ("", "anything"),
    ],
)
def test_what_cannot_be_told_fits(question: str, text: str) -> None:
    assert fits_question(text, question)


@pytest.mark.parametrize(
    ("text", "question", "kept"),
    [
        ("7,644 km, which is 4,750 miles", "How long is the border?", "7,644 km"),
        ("Anna Berg, who came from Osh", "Who opened the bridge?", "Anna Berg"),
        ("Anna Berg, Boris Klein", "Who opened the bridge?", "Anna Berg, Boris Klein"),
        ("the flood, which took the bridge", "Why was it closed?", "the flood, which took the bridge"),
    ],
)
def test_value_ends_before_a_relative_clause(text: str, question: str, kept: str) -> None:
    assert text[: concise_end(text, question)] == kept


@pytest.mark.parametrize(
    ("question", "text", "is_count"),
    [
        ("Which five countries make up the region?", "Four", True),
        ("What are the names of the three lakes?", "all three", True),
        ("Which 12 countries joined?", "the five of them", True),
        ("Which two quarters grew?", "the third quarter", False),
        ("What two fines were paid?", "two thousand", False),
        ("Which five countries make up the region?", "Estonia and four others", False),
        ("Which 12 years were dry?", "1990 and 1991", False),
        ("Whose brothers died?", "two", False),
        ("How many countries joined?", "Four", False),
    ],
)
def test_count_of_things_is_no_answer_to_a_question_for_them(question: str, text: str, is_count: bool) -> None:
    assert is_count_of_things(text, question) is is_count
