"""Marks of Markdown links at the edges of a span."""

import pytest

from rag.text.links import without_link_marks

TEXT = (
    "See [Temur Umarov]() and ![the map](img/a_(1).png), [sic], [x](y) too; [Anna](a.md) and [Ben](b.md). "
    r"By \[the way](not a link), in [1962](z), [](http://x.com) [site](http://y.com)."
)


def _words(words: str, text: str = TEXT) -> str:
    start = text.index(words)
    start, end = without_link_marks(text, start, start + len(words))
    return text[start:end]


@pytest.mark.parametrize(
    ("span", "words"),
    [
        ("[Temur Umarov", "Temur Umarov"),
        ("[Temur Umarov]", "Temur Umarov"),
        ("[Temur Umarov]()", "Temur Umarov"),
        ("Umarov]()", "Umarov"),
        ("Temur", "Temur"),
        ("![the map](img/a_(1).png)", "the map"),
        ("[the map", "the map"),
        ("img/a_(1).png", "img/a_(1).png"),
        ("http://y.com)", "http://y.com"),
        ("[](http://x.com)", "http://x.com"),
        ("](y) too", "too"),
        ("See [", "See"),
        ("]()", ""),
        ("See [Temur", "Temur"),
        ("Umarov]() and", "Umarov"),
    ],
)
def test_span_moves_to_the_words_inside(span: str, words: str) -> None:
    assert _words(span) == words


@pytest.mark.parametrize(
    "span",
    ["[sic]", "[x](y) too", "See [Temur Umarov]() and", "[Anna](a.md) and [Ben](b.md)", "in [1962](z)", r"[the way]"],
)
def test_span_with_a_whole_link_or_no_link_stays(span: str) -> None:
    assert _words(span) == span


@pytest.mark.parametrize("unit", ["[", "](", "[](", "[](()", "(", "[a](b", "![", "[a](b[c](d)", "\\["])
def test_time_is_linear_in_repeated_marks(unit: str) -> None:
    # Quadratic time would take minutes here.
    text = unit * (1_000_000 // len(unit))
    start, end = without_link_marks(text, 0, len(text))
    assert 0 <= start <= end <= len(text)
