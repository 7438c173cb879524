import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from fpdf import FPDF

from rag.errors import DocumentError
from rag.formats import Remark, parse
from rag.formats.pdf.layout import HYPHEN, Line, mend_hyphens, paragraphs
from tests.timing import cpu_seconds

STORY = (
    "The Karst bridge, closed since the flood of 2022, opened to traffic on Tuesday morning. The repair cost the town "
    "four million, and nobody was surprised. It will be paid for by a toll until the year 2030."
)


def _pdf(pages: Sequence[Sequence[str]], **protection: str) -> bytes:
    """A page for each list of paragraphs, which have space between them."""
    pdf = FPDF()
    pdf.set_creation_date(datetime(2024, 3, 5, tzinfo=UTC))
    pdf.set_title("The Karst bridge")
    pdf.set_author("Ana Ruiz")
    if protection:
        pdf.set_encryption(**protection)  # type: ignore[arg-type]
    for texts in pages:
        pdf.add_page()
        pdf.set_font("Helvetica", size=11)
        for paragraph in texts:
            pdf.multi_cell(0, 5, paragraph, new_x="LMARGIN", new_y="NEXT", align="L")
            pdf.ln(3)
    return bytes(pdf.output())


def test_paragraphs_pages_and_properties_are_read() -> None:
    parsed = parse("a.pdf", _pdf([["First.", STORY, STORY], ["Second page."], ["Third: Bishkek."]]))
    document = parsed.documents[0]
    story = document.text.split("\n\n")[1]
    assert story.replace("\n", " ") == STORY
    assert story.count("\n") == 1
    assert document.text == f"First.\n\n{story}\n\n{story}\n\nSecond page.\n\nThird: Bishkek."
    assert document.place(document.text.index("Bishkek")).page == 3
    assert [place.page for place in document.places] == [1, 2, 3]
    assert document.text[document.places[1].start :].startswith("Second page.")
    assert document.title == "The Karst bridge"
    assert document.metadata == {"title": "The Karst bridge", "author": "Ana Ruiz", "date": "2024-03-05"}
    assert parsed.warnings == []


def test_words_hyphenated_at_line_ends_are_joined() -> None:
    lines = [
        "The exam-",
        "ple is well-known, and so is the well-",
        "known town of Ely; see pages 12-",
        "14 there. Turko-",
        "Persian.",
    ]
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=11)
    for i, line in enumerate(lines):
        pdf.text(20, 20 + 5 * i, line)
    text = parse("a.pdf", bytes(pdf.output())).documents[0].text
    assert text == (
        "The example\nis well-known, and so is the well-known\ntown of Ely; see pages 12-\n14 there. Turko-Persian."
    )


def test_pages_without_text_are_listed_as_ranges() -> None:
    parsed = parse("a.pdf", _pdf([["One."], ["Two."], [], [], [], ["Six."], [], ["Eight."]]))
    reason = "pages 3-5, 7 hold no text"
    assert parsed.warnings == [Remark("a.pdf", reason)]
    assert [place.page for place in parsed.documents[0].places] == [1, 2, 6, 8]
    one = parse("a.pdf", _pdf([["One."], []])).warnings
    assert one == [Remark("a.pdf", "page 2 holds no text")]


def test_blank_file_is_rejected_with_remedy() -> None:
    with pytest.raises(DocumentError, match=r"^has no text in its 2 pages, which are blank or damaged; open it in a"):
        parse("a.pdf", _pdf([[], []]))


def test_only_a_password_needed_to_open_is_an_error() -> None:
    assert parse("a.pdf", _pdf([["Open."]], owner_password="x")).documents[0].text == "Open."
    with pytest.raises(DocumentError, match="is protected by a password; save a copy without one"):
        parse("a.pdf", _pdf([["Closed."]], owner_password="x", user_password="y"))


@pytest.mark.parametrize("raw", [b"hello", b"%PDF-1.4\njunk", _pdf([["Text."]])[:200]])
def test_damaged_file_is_rejected_with_remedy(raw: bytes) -> None:
    with pytest.raises(DocumentError, match="is damaged or not a PDF; open it in a viewer and save or print it"):
        parse("a.pdf", raw)


def test_titles_made_by_programs_are_ignored() -> None:
    pdf = FPDF()
    pdf.set_title("Microsoft Word - report_final.doc")
    pdf.add_page()
    pdf.set_font("Helvetica", size=11)
    pdf.text(20, 20, "Text.")
    document = parse("papers/report.pdf", bytes(pdf.output())).documents[0]
    assert document.title == "report"
    assert "title" not in document.metadata


def test_time_is_linear_in_pages() -> None:
    def seconds(pages: int) -> float:
        raw = _pdf([[f"Page {number} of many. {STORY}"] for number in range(1, pages + 1)])
        document = parse("a.pdf", raw).documents[0]
        assert document.place(document.text.index(f"Page {pages} ")).page == pages
        return cpu_seconds(lambda: parse("a.pdf", raw))

    # Eight times the pages; quadratic time would be 64 times as long.
    assert seconds(320) < 24 * seconds(40)


def test_two_threads_read_at_once() -> None:
    raw = [_pdf([[f"{name}{page}. {STORY}"] for page in range(20)]) for name in "ab"]
    texts: dict[int, str] = {}

    def read(which: int) -> None:
        texts[which] = parse("a.pdf", raw[which]).documents[0].text

    threads = [threading.Thread(target=read, args=(which,)) for which in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [texts[which].count(f"{name}1") for which, name in enumerate("ab")] == [11, 11]


def _lines(*described: tuple[str, float, float]) -> list[Line]:
    """Lines of ten points, from (text, left, leadings above)."""
    height = 800.0
    lines = []
    for text, left, leadings in described:
        height -= 12 * leadings
        lines.append(Line(text, left, left + 5 * len(text), height, 10))
    return lines


FULL = "a line of a paragraph that is filled to its end by words"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        pytest.param(_lines(("One", 0, 1), ("two", 0, 1), ("three", 0, 1)), [3], id="one"),
        pytest.param(_lines((FULL, 0, 1), (FULL, 0, 1), (FULL, 0, 1), (FULL, 0, 1), ("Two", 0, 1.6)), [4, 1], id="gap"),
        pytest.param(_lines((FULL + ".", 0, 1), ("Next " + FULL, 15, 1), (FULL, 0, 1)), [1, 2], id="indent"),
        pytest.param(_lines(("- item " + FULL + ".", 0, 1), (FULL, 15, 1), ("- item", 0, 1)), [3], id="hanging"),
        pytest.param(_lines((FULL, 0, 1), ("Short.", 0, 1), ("Next " + FULL, 0, 1)), [2, 1], id="short last line"),
        pytest.param(_lines((FULL, 0, 1), ("and so", 300, -20), (FULL, 300, 1)), [3], id="column, sentence goes on"),
        pytest.param(_lines((FULL + ".", 0, 1), ("And so", 300, -20), (FULL, 300, 1)), [1, 2], id="column"),
        pytest.param(_lines(("Name", 0, 1), ("Value", 200, 0), ("Other", 0, 1)), [3], id="parts of a row"),
    ],
)
def test_line_positions_delimit_paragraphs(lines: list[Line], found: list[int]) -> None:
    gathered = list(paragraphs(lines))
    assert [len(paragraph) for paragraph in gathered] == found
    assert [text for paragraph in gathered for text in paragraph] == [line.text for line in lines]


def test_line_in_a_larger_font_is_its_own_paragraph() -> None:
    heading, *rest = _lines(("Heading", 0, 1), (FULL, 0, 1), (FULL, 0, 1))
    large = Line(heading.text, heading.left, heading.right, heading.baseline, 14)
    assert list(paragraphs([large, *rest])) == [["Heading"], [FULL, FULL]]


def test_hyphen_is_kept_if_the_document_spells_it_so() -> None:
    pages = [[[f"co{HYPHEN}operate and re{HYPHEN}enter, {HYPHEN}x", "They cooperate; you re-enter."]]]
    mend_hyphens(pages)
    assert pages == [[["cooperate and re-enter, -x", "They cooperate; you re-enter."]]]


def test_word_hyphenated_at_the_end_of_a_page_does_not_swallow_the_footer() -> None:
    pdf = FPDF()
    for lines, footer in ((["The board bought the old crane from the mar-"], "HARBOUR BOARD"), (["itime museum."], "")):
        pdf.add_page()
        pdf.set_font("Helvetica", size=11)
        for row, line in enumerate(lines):
            pdf.text(20, 250 + 5 * row, line)
        pdf.text(20, 285, footer)
    text = parse("a.pdf", bytes(pdf.output())).documents[0].text
    assert text == "The board bought the old crane from the mar-\n\nHARBOUR BOARD\n\nitime museum."


def test_rows_and_cells_of_a_wide_table_stay_apart() -> None:
    pdf = FPDF(orientation="L")
    pdf.add_page()
    pdf.set_font("Helvetica", size=9)
    rows = [[f"Town number {row}", *(f"{row}{column:02},000 kg" for column in range(12))] for row in range(1, 5)]
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            pdf.text(10 + 21 * column + 10 * (column > 0), 20 + 5 * row, cell)
    assert max(len(" ".join(cells)) for cells in rows) > 120
    text = parse("a.pdf", bytes(pdf.output())).documents[0].text
    assert text == "\n".join("\t".join(cells) for cells in rows)


def test_wide_gaps_of_justified_prose_make_no_cells() -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=11)
    pdf.multi_cell(100, 5, STORY, align="J")
    assert "\t" not in parse("a.pdf", bytes(pdf.output())).documents[0].text
