"""Rows of tables in a PDF whose cells are ruled."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest

from rag.formats import parse
from rag.formats.pdf.cells import cells_of
from rag.formats.pdf.extract import opened
from rag.formats.pdf.render import page_picture
from tests.formats.pdf_objects import FONT, field, form, stream, text_at, written

SIZE, LEADING, PADDING = 10, 12, 2
#: Edges of the columns; the words of a cell nearly fill it.
EDGES = (100, 165, 244, 270)
#: Edges that leave wide gaps.
WIDE = (100, 220, 340, 420)
HEADER = ("Hotel", "Opened", "No.")
ROWS = (("Garnet House", "14 May 1998", "112"), ("Hotel Corvin", "9 September 03", "75"), ("Lindenhof", "", "153"))
TEXT = "Hotel\tOpened\tNo.\nGarnet House\t14 May 1998\t112\nHotel Corvin\t9 September 03\t75\nLindenhof\t\t153"
PROSE = "The pier has been closed for years, and repairs would cost more than the town can pay for it."

Lines = list[tuple[float, float, float, float]]


def _page(drawn: str, page: str = "", forms: Sequence[str] = ()) -> bytes:
    """A page with drawing commands, further entries of its dictionary, and forms that they draw as ``/X0``."""
    resources = FONT[:-2] + "/XObject << " + " ".join(f"/X{i} {5 + i} 0 R" for i in range(len(forms))) + " >> >>"
    return written(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R {resources} {page} >>",
            stream(drawn),
            *forms,
        ]
    )


def _text(raw: bytes) -> str:
    return parse("a.pdf", raw).documents[0].text


def _words(rows: Sequence[Sequence[str]], edges: Sequence[float] = EDGES, top: float = 700) -> tuple[str, list[float]]:
    """The words of a table, lines of a cell at ``|``, and the heights of the rules around its rows."""
    drawn, heights = "", [top]
    for row in rows:
        cells = [cell.split("|") for cell in row]
        for left, lines in zip(edges, cells, strict=False):
            for i, line in enumerate(lines):
                drawn += text_at(left + PADDING, heights[-1] - LEADING * (i + 1), line, SIZE) if line else ""
        heights.append(heights[-1] - LEADING * max(map(len, cells)) - 2 * PADDING)
    return drawn, heights


def _grid(heights: Sequence[float], edges: Sequence[float] = EDGES) -> Lines:
    across = [(edges[0], y, edges[-1], y) for y in heights]
    return across + [(x, heights[-1], x, heights[0]) for x in edges]


def _stroked(lines: Lines) -> str:
    return "".join(f"{a} {b} m {c} {d} l S\n" for a, b, c, d in lines)


def _one_path(lines: Lines) -> str:
    return "".join(f"{a} {b} m {c} {d} l\n" for a, b, c, d in lines) + "S\n"


def _scaled(lines: Lines) -> str:
    larger = [(10 * a, 10 * b, 10 * c, 10 * d) for a, b, c, d in lines]
    return f"q 0.1 0 0 0.1 0 0 cm 8 w {_one_path(larger)} Q\n"


def _filled(lines: Lines) -> str:
    return "".join(f"{a} {b} {max(c - a, 1)} {max(d - b, 1)} re f\n" for a, b, c, d in lines)


def _filled_at_once(lines: Lines) -> str:
    return "".join(f"{a} {b} {max(c - a, 1)} {max(d - b, 1)} re\n" for a, b, c, d in lines) + "f\n"


def _boxes(lines: Lines) -> str:
    """A stroked rectangle around each cell."""
    ys = sorted({y for _, y, _, _ in lines})
    xs = sorted({x for x, *_ in lines})
    pairs = [(x, y) for x in pairwise(xs) for y in pairwise(ys)]
    return "".join(f"{x[0]} {y[0]} {x[1] - x[0]} {y[1] - y[0]} re S\n" for x, y in pairs)


@pytest.mark.parametrize("drawn_as", [_stroked, _one_path, _scaled, _filled, _filled_at_once, _boxes])
def test_rules_separate_cells_that_are_close(drawn_as: Callable[[Lines], str]) -> None:
    words, heights = _words([HEADER, *ROWS])
    assert _text(_page(words + drawn_as(_grid(heights)))) == TEXT
    assert "Hotel Corvin 9 September 03" in _text(_page(words))


def test_vertical_rules_alone_separate_cells() -> None:
    words, heights = _words([HEADER, *ROWS])
    upright = [line for line in _grid(heights) if line[0] == line[2]]
    assert _text(_page(words + _stroked(upright))) == TEXT


def test_rules_in_a_scaled_form_separate_cells() -> None:
    words, heights = _words([HEADER, *ROWS])
    half = [(a / 2, b / 2 - 50, c / 2, d / 2 - 50) for a, b, c, d in _grid(heights)]
    content = _stroked(half)
    drawn = (
        f"<< /Type /XObject /Subtype /Form /BBox [0 0 612 792] /Length {len(content)} >>\nstream\n{content}\nendstream"
    )
    assert _text(_page(f"{words}q 2 0 0 2 0 100 cm /X0 Do Q", forms=[drawn])) == TEXT


@pytest.mark.parametrize("page", ["/Rotate 90", "/CropBox [80 300 500 760]", "/UserUnit 2"])
def test_rules_separate_cells_on_rotated_and_cropped_pages(page: str) -> None:
    words, heights = _words([HEADER, *ROWS])
    assert _text(_page(words + _stroked(_grid(heights)), page)) == TEXT


def test_rules_of_text_that_is_drawn_sideways_change_nothing() -> None:
    rows = [("Part", "Kept in", "No."), ("Pump with|gasket", "the northern|cellar", "12"), ("Valve", "attic", "7")]
    words, heights = _words(rows, top=400)
    sideways = [f"q 0 1 -1 0 612 0 cm\n{drawn}Q" for drawn in (words, words + _stroked(_grid(heights)))]
    assert _text(_page(sideways[1], "/Rotate 90")) == _text(_page(sideways[0], "/Rotate 90"))


def test_rules_beside_the_line_do_not_separate_its_words() -> None:
    words, heights = _words([HEADER, *ROWS])
    below = [(x, 400, x, heights[-1] - 5) for x in EDGES]
    assert _text(_page(words + _stroked(below))) == _text(_page(words))


def test_words_wrapped_in_a_cell_are_one_cell() -> None:
    rows = [
        ("Part", "Kept in", "No."),
        ("Pump with|gasket", "the northern|cellar of the|old mill", "12"),
        ("Valve", "", "7"),
        ("Lamp", "attic", "31"),
    ]
    words, heights = _words(rows)
    before, after = text_at(100, 730, "Stores of the mill"), text_at(100, heights[-1] - 40, "Counted in May.")
    raw = _page(before + words + _stroked(_grid(heights)) + after)
    table = "Part\tKept in\tNo.\nPump with gasket\tthe northern cellar of the old mill\t12\nValve\t\t7\nLamp\tattic\t31"
    assert _text(raw) == f"Stores of the mill\n\n{table}\n\nCounted in May."


@pytest.mark.parametrize(
    "rows",
    [
        [("Name", "Address", "Phone"), ("Ana Ruiz|Director", "12 High St|Vellin", "555 12")],
        [("Ana Ruiz|Director", "12 High St|Vellin"), ("Bo Lind|Clerk", "3 Mill Lane|Osterby")],
        [("Ana Ruiz|of the|mill", "12 High St|Vellin|North"), ("Bo Lind|of the|pier", "3 Mill Lane|Osterby|West")],
        [
            ("Item", "Delivered to", "Paid by"),
            ("Oak boards", "Harbour office|Pier 4|Vellin", "Harbour office|PO Box 9|Vellin"),
            ("Nails", "Mill", "Mill"),
        ],
        [
            ("Part", "Kept in", "Used for"),
            ("Pump with|steel cover|and gasket", "the cellar|of the old|north mill", "raising|water to|the mill"),
            ("Valve", "attic", "steam"),
        ],
        [("Item", "Owner"), *[("Oak boards|of the mill|in Vellin|since May|of 1998|by law", "Ana|Ruiz")] * 3],
    ],
    ids=["one row", "two rows", "two rows of three lines", "addresses", "three lines each", "many lines"],
)
def test_lines_of_a_fully_ruled_cell_are_one_cell(rows: list[tuple[str, ...]]) -> None:
    edges = (60, 180, 330, 420)[: len(rows[0]) + 1]
    words, heights = _words(rows, edges)
    text = "\n".join("\t".join(row) for row in rows).replace("|", " ")
    assert _text(_page(words + _stroked(_grid(heights, edges)))) == text


def test_two_groups_of_rows_without_rules_between_them_stay_rows() -> None:
    rows = [*ROWS[:2], ("Lindenhof", "3 May 11", "153")] * 2
    group = tuple("|".join(cells) for cells in zip(*rows, strict=True))
    words, heights = _words([HEADER, group, group], WIDE)
    text = "\n".join("\t".join(row) for row in [HEADER, *rows, *rows])
    assert _text(_page(words + _stroked(_grid(heights, WIDE)))) == text


def test_wrapped_cell_is_highlighted_line_by_line() -> None:
    words, heights = _words([HEADER, ("Hotel Corvin|by the sea", "9 May 03", "75"), *ROWS])
    raw = _page(words + _stroked(_grid(heights)))
    document = parse("a.pdf", raw).documents[0]
    start = document.text.index("Corvin by")
    picture = page_picture(raw, document, 1, [(start, start + len("Corvin by"))])
    assert picture.exact
    [[corvin, by]] = picture.boxes
    baselines = [heights[1] - LEADING, heights[1] - 2 * LEADING]
    for box, baseline in zip((corvin, by), baselines, strict=True):
        assert box.top * 792 < 792 - baseline < (box.top + box.height) * 792
    assert by.left == pytest.approx((EDGES[0] + PADDING) / 612, abs=0.002)
    assert corvin.left > by.left + by.width


@pytest.mark.parametrize("height", [-2, 3], ids=["underlined", "struck through"])
def test_lines_at_words_of_a_wrapped_cell_are_no_rules(height: float) -> None:
    edges = (100, 180, 260, 300)
    words, heights = _words([HEADER, ("Garnet House by|the northern lake", "14 May 1998", "112"), *ROWS], edges)
    ys = [heights[1] - LEADING * line + height for line in (1, 2)]
    at_words = [(edges[0] + PADDING, y, edges[0] + PADDING + 75, y) for y in ys]
    text = _text(_page(words + _stroked(_grid(heights, edges) + at_words)))
    assert "Garnet House by the northern lake\t14 May 1998\t112\n" in text


def test_rules_close_below_the_words_separate_rows() -> None:
    rows = [("Part", "Kept in"), ("Pump with|gasket", "the cellar of|the mill"), ("Valve", "attic")]
    words, heights = _words(rows, EDGES[:3])
    raised = [height + 2 for height in heights]
    text = "Part\tKept in\nPump with gasket\tthe cellar of the mill\nValve\tattic"
    assert _text(_page(words + _stroked(_grid(raised, EDGES[:3])))) == text


def test_word_hyphenated_in_a_cell_is_rejoined() -> None:
    words, heights = _words([HEADER, ("A harbour ho-|tel", "9 May 03", "75"), *ROWS])
    assert "A harbour hotel\t9 May 03\t75" in _text(_page(words + _stroked(_grid(heights))))


def test_spanning_cells_leave_the_others_in_their_columns() -> None:
    words, heights = _words(
        [("Town", "Visitors", ""), ("", "2021", "22"), ("Vellin", "41", "52"), ("Osterby", "", "9")]
    )
    rules = [line for line in _grid(heights) if line[0] not in (EDGES[2],) or line[1] == line[3]]
    rules.append((EDGES[2], heights[-1], EDGES[2], heights[1]))  # "Visitors" spans two columns
    rules[1] = (EDGES[1], heights[1], EDGES[3], heights[1])  # and "Town" two rows
    assert _text(_page(words + _stroked(rules))) == "Town\tVisitors\n\t2021\t22\nVellin\t41\t52\nOsterby\t\t9"


def test_rows_without_rules_between_them_stay_rows() -> None:
    body = tuple("|".join(cells) for cells in zip(*ROWS[:2], ("Lindenhof", "3 May 11", "153"), strict=True))
    words, heights = _words([HEADER, body])
    text = TEXT.replace("Lindenhof\t\t", "Lindenhof\t3 May 11\t")
    assert _text(_page(words + _stroked(_grid(heights)))) == text


def _prose(left: float, top: float, words: int, lines: int) -> str:
    """Lines of prose of so many words."""
    found = (PROSE.split() * 20)[: words * lines]
    return "".join(
        text_at(left, top - LEADING * i, " ".join(found[words * i : words * (i + 1)]), SIZE) for i in range(lines)
    )


@pytest.mark.parametrize(
    ("words", "rules"),
    [
        (_prose(100, 700, 8, 5), [(95, 640, 400, 640), (95, 712, 400, 712), (95, 640, 95, 712), (400, 640, 400, 712)]),
        (text_at(100, 700, "A heading") + _prose(100, 670, 8, 5), [(100, 697, 150, 697), (95, 690, 400, 690)]),
        (_prose(60, 700, 4, 30) + _prose(200, 700, 4, 30), [(196, 320, 196, 720)]),
        (_prose(60, 700, 4, 30) + _prose(200, 700, 4, 30), [(196, 320, 196, 720), (55, 720, 360, 720)]),
        (
            text_at(60, 706, "North") + text_at(220, 706, "South") + _prose(60, 680, 5, 12) + _prose(220, 680, 5, 9),
            _grid([720, 696, 530], [55, 216, 380]),
        ),
    ],
    ids=["box around a paragraph", "underlines", "columns", "columns below a rule", "prose in boxes"],
)
def test_rules_of_other_things_make_no_table(words: str, rules: Lines) -> None:
    assert _text(_page(words + _stroked(rules))) == _text(_page(words))


def test_rules_between_columns_of_a_framed_page_make_no_table() -> None:
    words, heights = _words(ROWS * 12, top=740)
    frame = _grid([heights[0], heights[-1]])
    assert _text(_page(words + _stroked(frame))) == _text(_page(words))


def test_form_with_ruled_fields_is_no_table() -> None:
    words, heights = _words([HEADER, *ROWS])
    drawn = words + _stroked(_grid(heights))
    fields = [field("Tx", "(Bo)", (EDGES[1] + 2, heights[4] + 2, EDGES[2] - 2, heights[3] - 2))]
    assert _text(form(drawn, fields)) == _text(form(words, fields))
    assert "\t" not in _text(form(drawn, fields))


def test_grid_with_few_words_is_no_table() -> None:
    rows = [("Garnet House", "14 May 1998", ""), *[("", "", "")] * 5, ("", "9 September 03", "75")]
    words, heights = _words(rows)
    assert _text(_page(words + _stroked(_grid(heights)))) == _text(_page(words))


def test_grid_with_words_across_its_rules_is_no_table() -> None:
    words, heights = _words([("Garnet House by the lake", "", "112"), ("Hotel Corvin and its mill", "", "75")])
    assert _text(_page(words + _stroked(_grid(heights)))) == _text(_page(words))


def test_boxes_of_different_widths_are_no_table() -> None:
    words, heights = _words([("Garnet House", "14 May 1998"), ("Hotel Corvin", "75"), ("Lindenhof", "")])
    rules = [line for line in _grid(heights) if line[0] in (EDGES[0], EDGES[3])]
    for row, x in enumerate((EDGES[1], EDGES[1] - 5, EDGES[2])):
        rules.append((x, heights[row + 1], x, heights[row]))
    assert _text(_page(words + _stroked(rules))) == _text(_page(words))


def test_columns_without_rules_in_a_ruled_one_keep_their_tabs() -> None:
    rows = [("Town", "2021", "2022"), ("Vellin", "41", "52"), ("Osterby", "9", "11"), ("Karsund", "132", "154")]
    words, heights = _words(rows, (100, 165, 250))
    text = "\n".join("\t".join(row) for row in rows)
    assert _text(_page(words + _stroked(_grid(heights, (100, 165, 300))))) == text


def test_tall_table_is_read_by_its_rules() -> None:
    words, heights = _words([HEADER, *ROWS * 9])
    body = TEXT.partition("\n")[2]
    assert _text(_page(words + _stroked(_grid(heights)))) == "\n".join(["Hotel\tOpened\tNo.", *[body] * 9])


def test_labels_beside_empty_boxes_are_no_table() -> None:
    edges = (100, 165, 244)
    words, heights = _words([("Garnet House", ""), ("Hotel Corvin", ""), ("Lindenhof", "")], edges)
    assert _text(_page(words + _stroked(_grid(heights, edges)))) == _text(_page(words))


def test_rows_without_rules_in_wide_columns_stay_rows() -> None:
    edges = (100, 220, 340, 400)
    words, heights = _words([HEADER, tuple("|".join(cells) for cells in zip(*ROWS, strict=True))], edges)
    assert _text(_page(words + _stroked(_grid(heights, edges)))) == TEXT


def test_header_and_totals_outside_of_the_rules_are_rows() -> None:
    rows = [("Item", "Qty", "Price"), ("Oak boards", "4", "120.00"), ("Nails", "200", "18.50")]
    rows += [("", "Net", "138.50"), ("", "VAT", "27.70"), ("All of the items together", "", "166.20")]
    words, heights = _words(rows, WIDE)
    text = "\n".join("\t".join(row) for row in rows)
    assert _text(_page(words + _stroked(_grid(heights[1:4], WIDE)))) == text
    note = text_at(102, heights[-1] - LEADING, "To be paid in May.", SIZE)
    assert _text(_page(words + note + _stroked(_grid(heights[1:4], WIDE)))) == f"{text}\n\nTo be paid in May."


def test_header_of_two_lines_above_the_rules_is_two_rows() -> None:
    words, heights = _words([HEADER, ("", "(year)", ""), *ROWS], WIDE)
    assert _text(_page(words + _stroked(_grid(heights[2:], WIDE)))) == TEXT.replace("\n", "\n\t(year)\n", 1)


def test_lines_far_below_a_line_of_several_cells_are_no_header() -> None:
    words, heights = _words([HEADER, ("Town", "", ""), ("Vellin", "", ""), *ROWS], WIDE)
    assert _text(_page(words + _stroked(_grid(heights[3:], WIDE)))).endswith(f"\n\n{TEXT.partition(chr(10))[2]}")


def test_highlight_of_totals_outside_of_the_rules_is_in_place() -> None:
    words, heights = _words([*ROWS, ("", "All the rooms", "340")], WIDE)
    raw = _page(words + _stroked(_grid(heights[:-1], WIDE)))
    document = parse("a.pdf", raw).documents[0]
    start = document.text.index("340")
    picture = page_picture(raw, document, 1, [(start, start + 3)])
    assert picture.exact
    [[box]] = picture.boxes
    assert box.left == pytest.approx((WIDE[2] + PADDING) / 612, abs=0.002)
    assert box.top * 792 < 792 - (heights[-2] - LEADING) < (box.top + box.height) * 792


@pytest.mark.parametrize(
    "line",
    [
        ("Customer Ana Ruiz", "", "No. 17"),
        ("Hotels on the northern coast and at the lake", "Table 1", ""),
        ("Hotels of the town", "", ""),
    ],
    ids=["not over all columns", "across columns", "one cell"],
)
def test_line_above_a_ruled_table_is_no_header(line: Sequence[str]) -> None:
    words, heights = _words([line, HEADER, *ROWS], WIDE)
    above = " ".join(filter(None, line))
    assert _text(_page(words + _stroked(_grid(heights[1:], WIDE)))) == f"{above}\n\n{TEXT}"


def test_line_far_from_a_ruled_table_is_no_row() -> None:
    words, heights = _words([HEADER, *ROWS], WIDE)
    below, _ = _words([("Total", "", "340")], WIDE, heights[-1] - 4 * SIZE)
    assert _text(_page(words + below + _stroked(_grid(heights, WIDE)))) == f"{TEXT}\n\nTotal 340"


def test_line_between_two_ruled_tables_joins_the_closer_one() -> None:
    rows = [("Town", "Mayor"), ("Vellin", "Ana Ruiz"), ("Osterby", "Bo Lind"), ("Karsund", "Ida Holm")]
    text = "\n".join("\t".join(row) for row in rows)
    columns = (100, 350, 420)
    upper, heights = _words([HEADER, *ROWS], WIDE)
    lower, others = _words(rows, columns, heights[-1] - 20)
    rules = _stroked(_grid(heights, WIDE) + _grid(others[1:], columns))
    assert _text(_page(upper + lower + rules)) == f"{TEXT}\n{text}"


class _CountedTuple(tuple[float, ...]):
    """Counts how often its items are read."""

    reads = 0

    def __getitem__(self, index: Any) -> Any:
        self.reads += 1
        return super().__getitem__(index)

    def __iter__(self) -> Iterator[float]:
        for index in range(len(self)):
            yield self[index]


def test_few_of_many_rules_are_looked_at_for_a_word() -> None:
    words = " ".join(["ab"] * 20)
    rules = _CountedTuple(range(2000))
    with opened(_page(text_at(100, 700, words, SIZE))) as pdf:
        found = list(cells_of(words, 0, SIZE, pdf[0].get_textpage(), rules))
    assert [words[cell.start : cell.end] for cell in found] == ["ab"] * 20
    assert rules.reads < 20 * 20


def test_lines_of_a_drawing_are_no_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    words, heights = _words([HEADER, *ROWS])
    raw = _page(words + _stroked(_grid(heights)))
    monkeypatch.setattr("rag.formats.pdf.paths.MAX_PATHS", len(_grid(heights)))
    assert _text(raw) == TEXT
    monkeypatch.setattr("rag.formats.pdf.paths.MAX_PATHS", len(_grid(heights)) - 1)
    assert _text(raw) == _text(_page(words))
