"""Time is linear in the input: at 400,000 characters, quadratic time would take longer than a test may."""

import io
import json
import re
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rag.ui.security.headers import policy
from rag.ui.services.file_listing import listing
from rag.ui.views.answer import passage_text

from rag.errors import DocumentError, InputError
from rag.export.check import _nearest
from rag.export.citation import escaped
from rag.formats import parse
from rag.formats.html import parse_html
from rag.formats.main_text import LONGEST_SPACES, _takes_too_long, keep_main_text
from rag.formats.markdown import MAX_FRONT_MATTER, front_matter
from rag.formats.pdf.layout import HYPHEN, Line, mend_hyphens, paragraphs
from rag.formats.sanitize import iso_date
from rag.index.filters import MAX_VALUE, as_date, as_number, conditions
from rag.index.originals import ROW
from rag.index.store_writer import StoreWriter
from rag.questions.anchors import unique_quote
from rag.questions.places import Gold
from rag.questions.question_type import guess_kind
from rag.questions.schema import Question, _Split
from rag.text.chunking import Budget, ChunkSettings, chunk
from rag.text.links import without_link_marks
from rag.text.printable import printable
from rag.text.search import last_index
from rag.text.segmentation import sentences
from rag.types import Document, Passage

SIZE = 400_000

#: Every character that a pattern of segmentation names, and units of several of them.
SENTENCE_UNITS = [
    *".!…。！\"”)*_」a-1\n\r\t ", "!?", ".)", "...a", "e.g.", "Mr. ", "a. ", "\r\n", "\x0b",
    "\u2028", "a\r", "a\x0b", "a\u2028",
    "a\t", "\ta\r", " \n", "- ", "1. ", "\n- ", "\n1. a", "\r-", "# ", "\n#", "# a\n", "\u0301",
]  # fmt: skip

#: Characters that segmentation treats like ``.``, which ends a sentence, or like ``”``, which may follow the end.
ALIKE = '!…。！")*_」'

#: Units of front matter, headings and code blocks.
MARKDOWN_UNITS = [
    "# ",
    "# #",
    "#\t",
    "\n# ",
    " ",
    "#",
    "## a #\n",
    "```",
    "```\n",
    "~~~",
    "\n```",
    "``` `\n",
    "---\n",
    "\n---\n",
]

#: Units of the other formats, with the suffix.
FORMAT_UNITS = [
    *((unit, ".html") for unit in ("<a>", "<p>", "<p>a", "<b", "&a", "<!--", "</body", "</body ", "<meta charset=")),
    *((unit, ".csv") for unit in ("a,b\n", '""', 'a"', ",", "\n", ";", "'", '","')),
    *((unit, ".jsonl") for unit in ('{"text":"a"}\n', "[", "{", '"', "1", "{}\n", "\\u")),
]  # fmt: skip


def _times(unit: str, size: int = SIZE) -> str:
    return (unit * (size // len(unit) + 1))[:size]


def _is_whole(text: str, extents: list[tuple[int, int]]) -> bool:
    """True if no non-blank character lies outside the extents."""
    at, left = 0, []
    for start, end in extents:
        left.append(text[at:start])
        at = end
    return not "".join([*left, text[at:]]).strip()


@pytest.mark.parametrize("unit", SENTENCE_UNITS)
def test_sentences_of_a_repeated_unit(unit: str) -> None:
    text = _times(unit)
    assert _is_whole(text, list(sentences(text)))


@pytest.mark.parametrize(
    "unit", [pytest.param(unit, marks=pytest.mark.slow) if unit in ALIKE else unit for unit in SENTENCE_UNITS]
)
def test_passages_of_a_repeated_unit(unit: str) -> None:
    text = _times(unit, 100_000)
    passages = list(chunk(Document("a.txt", text, "a"), ChunkSettings(), Budget(len, 900)))
    assert all(passage.tokens <= 200 and len(passage.text) <= 900 for passage in passages)
    at = 0
    for passage in passages:
        assert not text[at : passage.start].strip()
        at = max(at, passage.end)
    assert not text[at:].strip()


@pytest.mark.parametrize("unit", MARKDOWN_UNITS)
def test_markdown_of_a_repeated_unit(unit: str) -> None:
    text = _times(unit)
    for source in (text, f"# {text}\na b", f"# a{text}b"):
        _parse(".md", source)


@pytest.mark.parametrize(("unit", "suffix"), FORMAT_UNITS)
def test_parsing_a_repeated_unit(unit: str, suffix: str) -> None:
    _parse(suffix, "a\n" + _times(unit, 100_000) + "x")


def _parse(suffix: str, source: str) -> None:
    try:
        parsed = parse("a" + suffix, source.encode())
    except DocumentError as error:
        assert "\n" not in str(error)
    else:
        assert parsed.documents or parsed.skipped


@pytest.mark.parametrize(
    "unit", ["- ", "? ", "a:\n", "a: b\n", "&a ", "'", "!", "|\n ", "[", "{", "[a]\n", "#", "\t", "- - a\n"]
)
def test_front_matter_of_a_repeated_unit(unit: str) -> None:
    try:
        assert isinstance(front_matter(_times(unit, MAX_FRONT_MATTER)), dict)
    except DocumentError as error:
        assert "the front matter" in str(error)


def test_longer_front_matter_is_refused() -> None:
    with pytest.raises(DocumentError, match="the front matter has 400,000 characters; the limit is 50,000"):
        front_matter(_times("a: b\n"))


@pytest.mark.parametrize(
    "unit", [" ", "a", "a ", "\t", "=", "<", ">=", "!", "a=", "a= ", "\n", "*", "*a", "-", "1", "1-", "2022-"]
)
def test_conditions_of_a_repeated_unit(unit: str) -> None:
    text = _times(unit)
    for condition in (text, f"a={text}", f"a{text}=b", f"a = x{text}x", f"a>={text}"):
        try:
            found = conditions([condition])
        except InputError as error:
            assert len(str(error)) < 3 * SIZE
        else:
            assert len(found[0][0].value) <= MAX_VALUE
    assert as_number(text) is None
    assert as_date(f"2022-10-22t{text}") in ("2022-10-22", None)
    assert iso_date(text) is None


def test_wildcards_in_a_filter_take_linear_time() -> None:
    writer = StoreWriter(None, "")
    for number in range(5):
        document = Document(f"{number}.md", "a", "a" * SIZE)
        passage = Passage(document.id, 0, 1, "a", 1, heading="a" * SIZE)
        writer.add(document.id, "", [(document, [passage])])
    store = writer.store()
    for pattern in ("*a" * 249 + "b", "*" + "a" * 498 + "b", "*" * 500):
        matching = 5 if pattern.strip("*") == "" else 0
        assert len(store.rows(conditions({"title": pattern}))) == matching
        assert len(store.rows(conditions({"heading": pattern}))) == matching
    with pytest.raises(InputError, match="has a value of 60,001 characters; the first 500 of a field are compared"):
        conditions({"title": "*a" * 30_000 + "b"})


@pytest.mark.parametrize("unit", ["a", f"a{HYPHEN}", HYPHEN, f"1{HYPHEN}", "-", "a-", "1", ")", ".", ".)", ".1", "a b"])
def test_pdf_lines_of_a_repeated_unit(unit: str) -> None:
    text = _times(unit)
    pages = [[[text, f"x{HYPHEN}y"]]]
    mend_hyphens(pages)
    assert HYPHEN not in pages[0][0][0] or unit == HYPHEN
    assert pages[0][0][1] == "xy"


def test_word_hyphenated_over_many_lines_is_joined() -> None:
    lines = [Line(f"ab{HYPHEN}", 0, 100, 800 - i, 10) for i in range(300_000)]
    assert list(paragraphs(lines)) == [[f"ab{HYPHEN}" * 300_000]]


def test_consecutive_hyphens_are_all_mended() -> None:
    pages = [[[f"ab{HYPHEN}cd{HYPHEN}ef", f"{HYPHEN}a", f"1{HYPHEN}2"]]]
    mend_hyphens(pages)
    assert pages == [[["abcd-ef", "-a", "1-2"]]]


def test_rows_with_columns_of_their_own() -> None:
    rows = (
        {"text": "a", format(n, "015b").replace("0", "d ").replace("1", "D"): n, " " * n + "date": "2022"}
        for n in range(3_000)
    )
    parsed = parse("a.jsonl", "\n".join(map(json.dumps, rows)).encode())
    assert len(parsed.documents) == 3_000
    assert {document.metadata["date"] for document in parsed.documents} == {"2022"}


@pytest.mark.parametrize(
    "name", ["a", *(pytest.param(name, marks=pytest.mark.slow) for name in ("header", "div", "aside", "ul"))]
)
def test_nested_elements(name: str) -> None:
    source = f"<{name}><b>" * 600 + "<i>x</i>" * 20_000
    try:
        assert parse("a.html", source.encode()).documents[0].text.startswith(("x", "- x", "-"))
    except DocumentError as error:
        assert str(error) == "there is no text in it"


def test_nested_drawings() -> None:
    source = "<p>The weir was rebuilt in 1961.</p>" + "<svg><text>x" * 2_000
    assert parse("a.html", source.encode()).documents[0].text.startswith("The weir")


def _is_refused(source: str) -> bool:
    """True if it would take too long to choose the main text of a page."""
    root = parse_html(source)
    assert root is not None
    return _takes_too_long(root, list(root.iter("{*}*")))


@pytest.mark.parametrize(("links", "takes_too_long"), [(1_000, False), (10_000, True)])
def test_main_text_is_not_extracted_from_many_links_in_nested_tables(links: int, takes_too_long: bool) -> None:
    source = "<table><tr><td>" * 30 + "word <a>" * links
    assert _is_refused(source) == takes_too_long
    assert parse("a.html", source.encode()).documents[0].text.count("word") == links


@pytest.mark.parametrize("between", [" ", "\n", "\u2003"])
def test_runs_of_space_are_short_before_main_text_is_extracted(between: str) -> None:
    source = "<table><tr><td>" * 80 + "<p>" + (between * 250 + "a") * 80
    root = parse_html(source)
    assert root is not None
    keep_main_text(root)
    assert max(len(run) for run in re.findall(r"\s+", "".join(map(str, root.itertext())))) == LONGEST_SPACES
    assert parse("a.html", source.encode()).documents[0].text.count("a") == 80


def test_main_text_is_not_extracted_from_text_in_nested_links() -> None:
    assert _is_refused("<a><p>" * 115 + "word " * 5_000)


def test_main_text_is_not_extracted_from_many_runs_of_space_in_nested_tables() -> None:
    assert _is_refused("<table><tr><td>" * 60 + (" " * 80 + "x") * 2_000)


def test_epub_manifest_that_repeats_a_file() -> None:
    packed = io.BytesIO()
    items = "".join(f'<item id="{n}" href="toc.ncx" media-type="application/x-dtbncx+xml"/>' for n in range(20_000))
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("META-INF/container.xml", '<c><rootfile full-path="b.opf"/></c>')
        book.writestr("toc.ncx", "<navMap>" + "<navPoint/>" * 20_000 + "</navMap>")
        book.writestr("a.xhtml", "<html><p>Words.</p></html>")
        chapter = '<item id="a" href="a.xhtml" media-type="text/html"/><itemref idref="a"/>'
        book.writestr("b.opf", f"<p>{items}{chapter}</p>")
    assert parse("a.epub", packed.getvalue()).documents[0].text == "Words."


@pytest.mark.parametrize("unit", ["[", "[](", "![", "[a]", "[](()", "(", ")", "[]((", "\\[", " ", "[a](b)"])
def test_link_marks_of_a_repeated_unit(unit: str) -> None:
    text = _times(unit)
    start, end = without_link_marks(text, 10, SIZE - 10)
    assert 10 <= start <= end <= SIZE - 10


def test_quote_in_repetitive_text() -> None:
    text = "a" * 400_000 + "b" + "a" * 400_000
    sentence, quote = unique_quote(text, 200_000, 600_001)
    assert (sentence, quote) == (text, text[200_000:600_001])
    words = "a" * 200_000 + "c" + "a" * 200_000
    assert _nearest("a" * SIZE, words, SIZE // 2) is None


@given(st.text("ab", max_size=12), st.text("ab", min_size=1, max_size=3), st.integers(-2, 14))
def test_last_index_equals_rfind(text: str, words: str, end: int) -> None:
    assert last_index(text, words, end) == text.rfind(words, 0, max(end, 0))


def test_split_of_many_questions_is_checked() -> None:
    split = _Split()
    for number in range(20_000):
        gold = Gold(f"{number}.md", 0, 1, "a", 0, 1)
        split.check(Question(str(number), "q", (gold,), part="calibration", document=gold.document))
    with pytest.raises(InputError, match=r"^7\.md is in the calibration part; a document has one part"):
        split.check(Question("a", "q", part="test", golds=(), document="7.md"))
    split.check(Question("b", "q", part="test", golds=(), document="test.md"))
    gold = Gold("test.md", 0, 1, "a", 0, 1)
    with pytest.raises(InputError, match=r"^test\.md is in the test part and answers a calibration question"):
        split.check(Question("c", "q", (gold,), part="calibration"))


def test_files_of_documents_with_long_ids_are_listed() -> None:
    writer = StoreWriter(None, "")
    documents = [(Document(f"old.zip/{number}/" + "a/" * 30_000 + "b.md", "a", "a"), []) for number in range(50)]
    writer.add("old.zip", "", documents)
    row = listing(writer.store(), None, "", 10)[0]
    assert (row.path, row.documents) == ("old.zip", 50)


@pytest.mark.parametrize(
    "call",
    [
        escaped, printable, guess_kind, lambda text: ROW.sub("", text), lambda text: policy(text.encode()),
        lambda text: passage_text(Passage("a.md", 0, len(text), text, 1), "a", []),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "unit", ["#", "#1", "<script", "<script>", "<script a ", " ", "# ", "# a ", "`", "www.", "what ", "\n"]
)
def test_text_for_people_of_a_repeated_unit(unit: str, call: Callable[[str], str]) -> None:
    assert isinstance(call(_times(unit, SIZE // 2)), str)


#: Repeated units, joined, as a document that attacks a pattern would look.
attacks = st.lists(
    st.tuples(st.sampled_from([*SENTENCE_UNITS, *MARKDOWN_UNITS]), st.integers(1, 30_000)), min_size=1, max_size=4
).map(lambda runs: "".join(unit * count for unit, count in runs)[:100_000])


@settings(max_examples=12)
@given(attacks)
def test_generated_attacks_are_segmented_and_chunked(text: str) -> None:
    assert _is_whole(text, list(sentences(text)))
    assert all(passage.tokens <= 200 for passage in chunk(Document("a.txt", text, "a"), ChunkSettings()))


@settings(max_examples=12)
@given(attacks, st.sampled_from([".md", ".txt", ".html", ".csv", ".jsonl"]))
def test_generated_attacks_are_parsed(text: str, suffix: str) -> None:
    _parse(suffix, text)


@settings(max_examples=30)
@given(attacks)
def test_generated_attacks_are_refused_as_filters(text: str) -> None:
    try:
        assert len(conditions([text])[0][0].value) <= MAX_VALUE
    except InputError as error:
        assert "condition" in str(error)
