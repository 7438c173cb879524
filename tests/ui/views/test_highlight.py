import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rag.ui.views.highlight import Mark, escape, highlight, shallow


@pytest.mark.parametrize(
    ("text", "marks", "expected"),
    [
        ("abcdef", [], "abcdef"),
        ("abcdef", [(2, 4, "a")], 'ab<mark class="a">cd</mark>ef'),
        ("abcdef", [(0, 6, "a")], '<mark class="a">abcdef</mark>'),
        ("abcdef", [(2, 4, "a"), (1, 5, "s")], 'a<mark class="s">b<mark class="a">cd</mark>e</mark>f'),
        ("abcdef", [(1, 3, "a"), (3, 5, "b")], 'a<mark class="a">bc</mark><mark class="b">de</mark>f'),
        (
            "abcdef",
            [(1, 4, "a"), (2, 6, "b")],
            'a<mark class="a">b</mark><mark class="b"><mark class="a">cd</mark>ef</mark>',
        ),
        ("abcdef", [(3, 3, "a"), (7, 9, "b")], "abcdef"),
        ("abcdef", [(-3, 2, "a"), (5, 99, "b")], '<mark class="a">ab</mark>cde<mark class="b">f</mark>'),
        ("a\r\n e\u0301👩‍👩‍👧!", [(4, 6, "a")], 'a&#13;\n <mark class="a">e\u0301</mark>👩‍👩‍👧!'),
        ("", [(0, 1, "a")], ""),
    ],
)
def test_marks_are_placed_by_code_points(text: str, marks: list[tuple[int, int, str]], expected: str) -> None:
    assert highlight(text, 0, [Mark(*mark) for mark in marks]) == expected


def test_marks_nested_too_deep_are_dropped() -> None:
    outer, middle, inner, after = Mark(0, 9, "a"), Mark(1, 5, "b"), Mark(2, 3, "c"), Mark(5, 6, "d")
    assert shallow([inner, outer, after, middle], 2) == [outer, after, middle]
    assert shallow([inner, outer, after, middle], 3) == [inner, outer, after, middle]


def test_offsets_count_in_the_document_not_in_the_slice() -> None:
    assert highlight("cdef", 102, [Mark(103, 105, "a")]) == 'c<mark class="a">de</mark>f'


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "</mark><img src=x onerror=alert(1)>",
        '" onmouseover="alert(1)',
        "{{value}} ${alert(1)} `x`",
        "&lt;b&gt;",
    ],
)
def test_markup_is_shown_as_text(attack: str) -> None:
    shown = highlight(attack, 0, [Mark(1, 4, '"><script>')])
    assert not re.search(r"<(?!mark class=\"&quot;&gt;&lt;script&gt;\">|/mark>)|[`${}]", shown)
    assert html.unescape(re.sub(r"</?mark[^>]*>", "", shown)) == attack


def test_control_characters_are_made_visible() -> None:
    assert escape("a\x00b\x1bc\x9bd\te\r\n") == "a\ufffdb\ufffdc\ufffdd\te&#13;\n"


@given(
    st.text(alphabet=st.characters(exclude_categories=("Cc", "Cs"))),
    st.lists(st.tuples(st.integers(-2, 30), st.integers(-2, 30), st.sampled_from("abc")), max_size=6),
    st.integers(0, 5),
)
def test_tags_are_balanced_and_the_text_is_unchanged(text: str, marks: list[tuple[int, int, str]], start: int) -> None:
    shown = highlight(text, start, [Mark(*mark) for mark in marks])
    tags = re.findall(r"</?mark[^>]*>", shown)
    depth = 0
    for tag in tags:
        depth += -1 if tag.startswith("</") else 1
        assert depth >= 0
    assert depth == 0
    assert html.unescape(re.sub(r"</?mark[^>]*>", "", shown)) == text
