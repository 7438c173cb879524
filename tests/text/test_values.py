"""Values that answers state, and which of them contradict each other."""

import pytest

from rag.text.values import value_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("41,300 people", "39,800"), ("12 ministers", "15 ministers"), ("7,644 km", "6,000 km"), ("$5 million", "$6m"),
        ("12%", "15 per cent"), ("October 2022", "November 2022"), ("2022-10", "2022-11"), ("Anna Berg", "Ben Klein"),
    ],
)  # fmt: skip
def test_other_values_of_one_kind_contradict(one: str, other: str) -> None:
    value, its = value_of(one), value_of(other)
    assert value and its and value.contradicts(its) and its.contradicts(value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12 ministers", "15 provinces"), ("8 GB", "3 GHz"), ("50 per day", "60%"), ("7,644 km", "4,750 miles"),
        ("October 2022", "2022"), ("Anna Berg", "Berg"), ("7,644 km", "7,640 km"),
    ],
)  # fmt: skip
def test_values_that_can_both_be_right_do_not_contradict(one: str, other: str) -> None:
    value, its = value_of(one), value_of(other)
    assert value and its and not value.contradicts(its)


@pytest.mark.parametrize("text", ["G20", "between 5 and 7 km", "because it rained", "the 1990s", ""])
def test_texts_without_one_value_have_none(text: str) -> None:
    assert value_of(text) is None or value_of(text).kind == "name"  # type: ignore[union-attr]


def test_season_is_no_month() -> None:
    found = value_of("2022-23")
    assert found is None or found.kind != "date"
