"""The whole enumeration around a name."""

import pytest

from rag.text.enumeration import around_names


@pytest.mark.parametrize(
    ("text", "name", "whole"),
    [
        ("It has four members: Oslo, Riga, Turku and Visby. Tartu", "Riga", "Oslo, Riga, Turku and Visby"),
        ("Three, Oslo, Riga, and Turku, have left", "Oslo", "Oslo, Riga, and Turku"),
        ("In Oslo, Riga and Turku", "Turku", "Oslo, Riga and Turku"),
        ("the chairs, Ines Holm and Paul of Visby, met", "Paul of Visby", "Ines Holm and Paul of Visby"),
        ("neither the Hanse nor the Baltic Union", "the Hanse", "the Hanse nor the Baltic Union"),
        ("In Oslo, Holm said nothing", "Oslo", "Oslo"),
        ("Riga and the towns", "Riga", "Riga"),
        ("tin and zinc", "zinc", "zinc"),
        ("Oslo and Riga", "nd", "nd"),
    ],
)
def test_name_is_extended_to_its_enumeration(text: str, name: str, whole: str) -> None:
    start = text.index(name)
    first, last = around_names(text, start, start + len(name))
    assert text[first:last] == whole


def test_names_without_end_are_cut() -> None:
    text = ", ".join(["Oslo"] * 10_000) + " and Riga"
    first, last = around_names(text, len(text) - 4, len(text))
    assert len(text) - 210 <= first < last == len(text)
