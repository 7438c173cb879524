import pytest

from rag.errors import DocumentError
from rag.formats import Remark, parse
from rag.types import Document
from tests.timing import cpu_seconds

ARTICLE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Bridge reopens | The Valley Post</title>
<meta name="author" content="Ana Ruiz"><meta name="description" content="The Karst bridge is open again.">
<meta property="article:published_time" content="2024-03-05T08:00:00Z">
<style>.x{color:red}</style><script>var tracking = "never";</script></head><body>
<div id="cookie-banner"><p>We use cookies to improve your experience.</p><button>Accept all</button></div>
<header><nav><ul><li><a href="/">Home</a></li><li><a href="/news">News</a></li></ul></nav></header>
<main><article><h1>Bridge reopens</h1>
<p>The Karst bridge opened
   on Tuesday. The repair cost &euro;4.2&nbsp;million,<!-- sic --> the town said.</p>
<h2>What was done<a class="headerlink" href="#done">¶</a></h2>
<p>Engineers replaced <b>both</b> bearings and <a href="/steel">the steel deck</a>; see <code>report.pdf</code>.</p>
<ul><li>New bearings<ol start="3"><li>from Graz</li><li>from Linz</li></ol></li><li><p>A deck</p></li></ul>
<table><caption>Costs</caption><tr><th>Part</th><th>Cost</th></tr>
<tr><td><p>Deck</p></td><td>2.9 <i>million</i></td></tr></table>
<pre><code>for x in y:
    print(x)
</code></pre>
<dl><dt>timeout</dt><dd>Seconds to wait.</dd></dl>
<p>Line one.<br>Line two. co&shy;operate</p><p hidden>Secret.</p><p style="display: none">Secret.</p>
</article><aside><h3>Read next</h3><ul><li><a href="/1">Ten walks</a></li></ul></aside></main>
<footer><p>© 2024 The Valley Post. All rights reserved.</p></footer></body></html>"""

TEXT = """Bridge reopens

The Karst bridge opened on Tuesday. The repair cost €4.2\xa0million, the town said.

What was done

Engineers replaced both bearings and the steel deck; see report.pdf.

- New bearings
  3. from Graz
  4. from Linz
- A deck

Costs

Part\tCost
Deck\t2.9 million

for x in y:
    print(x)

timeout
Seconds to wait.

Line one.
Line two. cooperate"""


def _page(source: str | bytes) -> Document:
    return parse("a.html", source if isinstance(source, bytes) else source.encode()).documents[0]


def test_main_text_has_no_menus_banners_or_footers() -> None:
    assert _page(ARTICLE).text == TEXT


def test_headings_are_places_and_metadata_is_read() -> None:
    document = _page(ARTICLE)
    assert [(place.heading, place.start) for place in document.places] == [
        ("Bridge reopens", 0), ("What was done", TEXT.index("What was done")),
    ]  # fmt: skip
    assert document.place(TEXT.index("print")).heading == "What was done"
    assert document.title == "Bridge reopens"
    assert document.metadata == {
        "title": "Bridge reopens | The Valley Post", "author": "Ana Ruiz", "date": "2024-03-05",
        "description": "The Karst bridge is open again.", "encoding": "utf-8",
    }  # fmt: skip


def test_page_without_main_element_uses_the_extractor() -> None:
    story = "".join(
        f"<p>Paragraph {i} of the story, which is long, and has commas, and tells of a bridge.</p>" for i in "abc"
    )
    menu = "".join(f'<li><a href="/{i}">Entry {i} of the menu</a></li>' for i in range(20))
    page = f"<html><body><div id=x1><ul>{menu}</ul></div><div id=x2>{story}</div></body></html>"
    document = _page(page)
    assert document.text.startswith("Paragraph a of the story")
    assert "menu" not in document.text
    assert document.text.count("\n\n") == 2


def test_all_visible_text_is_kept_without_main_part() -> None:
    page = "<title>FAQ</title><nav><a href=1>Home</a> <a href=2>Shop</a></nav><h3>How long?<p>Five years."
    document = _page(page)
    assert (document.text, document.title) == ("How long?\n\nFive years.", "FAQ")


STORY = "".join(
    f"<p>Paragraph {i} of the story, which tells of a harbour, its boats, and the fees.</p>" for i in "abcdef"
)
LINKS = "".join(f"<li><a href=/{i}>Entry {i} of the news of the week, with a long headline</a></li>" for i in range(9))


@pytest.mark.parametrize("name", ["wrap", "content-sidebar-wrap", "header sidebar-menu", "comments-extra"])
def test_article_is_kept_whatever_its_wrapper_is_called(name: str) -> None:
    # Chosen, if the article is dropped by the name.
    other = "<p>Another text, shorter, on a subject, of its own, that is no part of the story.</p>" * 4
    aside = f"<aside class=side><ul>{LINKS}</ul></aside>"
    text = _page(f"<body><div class='{name}'><div>{STORY * 8}</div>{aside}</div><div><div>{other}</div></div>").text
    assert [text.count(f"Paragraph {i}") for i in "abcdef"] == [8] * 6
    assert "Entry" not in text and "Another" not in text


def test_short_parts_of_the_main_text_are_kept() -> None:
    parts = (
        "<ul><li>New rope</li><li>New hook</li></ul><h2>Cost</h2><figure><img src=x><figcaption>In 1921</figcaption>"
        "</figure><pre>a = 1</pre><table><tr><th>Part</th><td>2</td></tr></table><dl><dt>kg</dt><dd>mass</dd></dl>"
    )
    page = f"<body><div><ul>{LINKS}</ul></div><div>{STORY}<div>{parts}</div>{STORY}</div></body>"
    text = _page(page).text
    assert "- New rope\n- New hook\n\nCost\n\nIn 1921\n\na = 1\n\nPart\t2\n\nkg\nmass" in text
    assert "Entry" not in text


def test_page_of_many_small_parts_is_kept_whole() -> None:
    items = [
        f"<section><div><div><h3>Boat {i}</h3><p>Built in {1960 + i}.</p></div></div></section>" for i in range(30)
    ]
    text = _page(f"<body>{''.join(items)}<div><p>All of these boats are for sale at the moment.</p></div></body>").text
    assert [text.count(f"Boat {i}\n\nBuilt in {1960 + i}.") for i in range(30)] == [1] * 30


def test_broken_markup_is_read_as_browsers_do() -> None:
    assert _page("<p>One <b>bold<p>two &amp three &lt; four</b></div></html> five").text == (
        "One bold\n\ntwo & three < four five"
    )


def test_layout_table_is_not_read_as_data() -> None:
    inner = "<table><tr><td>a</td><td>b</td></tr></table>"
    page = f"<table><tr><td><h1>Left</h1><p>Words here.</td><td>{inner}</td></tr></table>"
    assert _page(page).text == "Left\n\nWords here.\n\na\tb"


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        ("<p>Grüße — schön</p>".encode("utf-16"), "utf-16"),
        ("<meta charset=iso-8859-1><p>Grüße — schön</p>".encode("cp1252"), "cp1252"),
        ("<meta content='text/html; charset=windows-1251'><p>Grиße</p>".encode("cp1251", "ignore"), "windows-1251"),
        ("<meta charset=iso-8859-1><p>Grüße — schön</p>".encode(), "utf-8"),
        ("<meta charset=no-such-thing><p>Grüße — schön</p>".encode(), "utf-8"),
    ],
)  # fmt: skip
def test_encoding_comes_from_bom_bytes_or_declaration(raw: bytes, encoding: str) -> None:
    document = _page(raw)
    assert document.metadata["encoding"] == encoding
    assert document.text == ("Grиe" if "1251" in encoding else "Grüße — schön")


def test_bytes_invalid_in_declared_encoding_give_a_warning() -> None:
    raw = b"<meta charset=shift_jis><p>one \xff two \x80</p>" + "<p>日本語</p>".encode("shift_jis")
    parsed = parse("a.html", raw)
    assert parsed.documents[0].text == "one \ufffd two \ufffd\n\n日本語"
    assert parsed.warnings == [Remark("a.html", "2 bytes not valid in shift_jis, the declared encoding, became \ufffd")]


def test_page_without_text_and_binary_file_are_rejected() -> None:
    with pytest.raises(DocumentError, match="there is no text in it"):
        parse("a.htm", b"<html><script>var x = 'text';</script><body><img src=x></body></html>")
    with pytest.raises(DocumentError, match="holds NUL bytes, so it is binary"):
        parse("a.html", b"<p>a\x00b" * 10)


def test_entity_bomb_is_not_expanded() -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE html [<!ENTITY a "lol">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)
    )
    document = parse("a.xhtml", (bomb + "]><html><body><p>x &j; y</p></body></html>").encode()).documents[0]
    assert len(document.text) < 1000


@pytest.mark.parametrize(
    "repeated",
    [
        "<!-- x -->",
        "<i hidden>x</i>",
        "<script>x</script>",
        "<i class=comment>x</i>",
        "<header>x</header>",
        "<form></form>",
    ],
)
def test_time_is_not_quadratic_in_removed_elements(repeated: str) -> None:
    def seconds(times: int) -> float:
        source = "<p>Once" + f"{repeated} and so on\n" * times
        assert _page(source).text.count("and so on") == times
        return cpu_seconds(lambda: _page(source))

    # Eight times the input; quadratic time would be 64 times as long.
    assert seconds(16_000) < 24 * seconds(2_000)


def test_time_is_not_cubic_in_nesting_depth() -> None:
    def seconds(depth: int) -> float:
        source = "<main><p>Once" + "<aside>and <a href=x>so" * depth
        assert _page(source).text.startswith("Once")
        return cpu_seconds(lambda: _page(source))

    # Four times the depth; cubic time would be 64 times as long.
    assert seconds(600) < 32 * seconds(150)


def test_only_a_removed_block_separates_words() -> None:
    assert _page("<main><p>Pa<script>x</script>rt<i hidden>x</i>ed</p><div>one<nav>x</nav>two</div>").text == (
        "Parted\n\none\n\ntwo"
    )


def test_unknown_elements_are_read() -> None:
    assert _page("<main><p>a <script>x</script><REMOVED>b</REMOVED> <x-y>c</x-y></p></main>").text == "a b c"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["<td>A</td><td>B</td><td rowspan=2>C</td>", "<td>d</td><td>e</td>", "<td>f</td><td>g</td><td>h</td>"],
         "A\tB\tC\nd\te\tC\nf\tg\th"),
        (["<td rowspan=2 colspan=2>A</td><td>1</td>", "<td>2</td>", "<td>x</td><td>y</td><td>3</td>"],
         "A\t\t1\nA\t\t2\nx\ty\t3"),
    ],
)  # fmt: skip
def test_cells_merged_over_rows_keep_their_columns(rows: list[str], expected: str) -> None:
    table = "".join(f"<tr>{row}</tr>" for row in rows)
    assert _page(f"<main><p>Before it.</p><table>{table}</table><p>Behind it.</p></main>").text == (
        f"Before it.\n\n{expected}\n\nBehind it."
    )


def test_empty_and_merged_cells_keep_their_columns() -> None:
    rows = [
        "<th></th><th colspan=2>Sales</th><th>Staff</th>",
        "<td rowspan=2>North</td><td>1</td><td>2</td><td>3</td>",
        "<td>4</td><td></td><td>6</td>",
        "<td>South</td><td></td><td></td><td>9</td>",
    ]
    table = "".join(f"<tr>{row}</tr>" for row in rows)
    text = _page(f"<main><p>Before it.</p><table>{table}</table><p>\xa0Behind it.</p></main>").text
    assert text == "Before it.\n\n\tSales\t\tStaff\nNorth\t1\t2\t3\nNorth\t4\t\t6\nSouth\t\t\t9\n\nBehind it."
