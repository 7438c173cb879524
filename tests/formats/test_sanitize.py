"""Cleaning text and dates that formats extract."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.formats.sanitize import clean, iso_date


@given(st.text(max_size=50))
def test_clean_keeps_the_length(text: str) -> None:
    assert len(clean(text)) == len(text)
    assert "\x00" not in clean(text)


def test_clean_replaces_nul_and_lone_surrogates() -> None:
    assert clean("a\x00b\ud83dc") == "a\ufffdb\ufffdc"


@pytest.mark.parametrize(
    ("stated", "date"),
    [
        ("2022-10-22T08:00:00Z", "2022-10-22"), ("2022/1/5", "2022-01-05"), (" 2022-10 ", "2022-10"), ("2022", "2022"),
        (2022, "2022"), ("2022-13-01", None), ("2022-02-30", None), ("5 March 2022", None), ("20221022", None),
        ("", None), ("0000", None),
    ],
)  # fmt: skip
def test_date_is_normalised_to_iso_or_none(stated: object, date: str | None) -> None:
    assert iso_date(stated) == date
