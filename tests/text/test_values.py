"""Extracting the value from an answer, and detecting contradictions."""

import pytest

from rag.text.values import Value, value_of, with_unit


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("41,300 people", "39,800"), ("12 ministers", "15 ministers"), ("7,644 km", "6,000 km"), ("$5 million", "$6m"),
        ("12%", "15 per cent"), ("October 2022", "November 2022"), ("2022-10", "2022-11"), ("Anna Berg", "Ben Klein"),
    ],
)  # fmt: skip
def test_different_values_of_the_same_kind_contradict(first: str, second: str) -> None:
    value, other = value_of(first), value_of(second)
    assert value and other and value.contradicts(other) and other.contradicts(value)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("12 ministers", "15 provinces"), ("8 GB", "3 GHz"), ("50 per day", "60%"), ("7,644 km", "4,750 miles"),
        ("October 2022", "2022"), ("Anna Berg", "Berg"), ("7,644 km", "7,640 km"),
    ],
)  # fmt: skip
def test_values_that_can_both_be_right_do_not_contradict(first: str, second: str) -> None:
    value, other = value_of(first), value_of(second)
    assert value and other and not value.contradicts(other)


@pytest.mark.parametrize("text", ["between 5 and 7 km", "because it rained", "the 1990s", "3.2.1", "12.5.2022", ""])
def test_text_without_a_single_value_has_no_value(text: str) -> None:
    assert value_of(text) is None


def test_number_inside_a_name_is_not_a_number() -> None:
    assert value_of("G20") == Value("name", words=frozenset({"g20"}))


def test_year_range_is_not_a_date() -> None:
    assert value_of("2022-23") is None


@pytest.mark.parametrize(
    ("text", "span", "whole"),
    [
        ("It is 7,644 km long", "7,644", "7,644 km"),
        ("about US$5 million a year", "5", "US$5 million"),
        ("5 million dollars and", "5 million", "5 million dollars"),
        ("grew by 3.5% in", "3.5", "3.5%"),
        ("10 per cent of", "10", "10 per cent"),
        ("12 square kilometres of", "12", "12 square kilometres"),
        ("-5 °C at night", "5", "-5 °C"),
        ("a 12-month term", "12", "12-month"),
        ("about $5", "$5", "$5"),
        ("about US$5", "$5", "US$5"),
        ("12 km/h wind", "12", "12 km/h"),
        ("at 5 miles per hour.", "5", "5 miles per hour"),
        ("12 km² of land", "12", "12 km²"),
        ("at 5 m/s here", "5", "5 m/s"),
        # No unit of this number, or no minus:
        ("42 m.p.h", "42", "42"),
        ("In 2019 pounds were", "2019", "2019"),
        ("By May 7 weeks later", "May 7", "May 7"),
        ("Total - $5,000 paid", "5,000", "$5,000"),
        ("profit of\n-\n$5", "5", "$5"),
        ("in 1999 people", "1999", "1999"),
        ("from 2010-2012", "2010", "2010"),
        ("from 2010-2012", "2012", "2012"),
        ("won 5-3 after", "3", "3"),
        ("the A-5 road", "5", "5"),
        ("cost 40, km later", "40", "40"),
        ("went to Osh", "Osh", "Osh"),
    ],
)
def test_number_keeps_its_currency_sign_and_unit(text: str, span: str, whole: str) -> None:
    start = text.index(span)
    found = with_unit(text, start, start + len(span), "How much is it?")
    assert text[slice(*found)] == whole


def test_unit_that_the_question_names_is_left_out() -> None:
    text = "The road is 78 miles long and 12 m wide."
    for question, whole in (("How many miles is it?", "78"), ("How long is it?", "78 miles")):
        assert text[slice(*with_unit(text, 12, 14, question))] == whole


def test_scale_is_never_left_out() -> None:
    text = "about 3 million people"
    found = with_unit(text, 6, 7, "Which city of over 1 million people grew most?")
    assert text[slice(*found)] == "3 million"
