from html.parser import HTMLParser

import pytest
from jinja2 import UndefinedError
from rag.ui.services.document_reader import OpenDocument
from rag.ui.views.highlight import Mark
from rag.ui.views.render import environment, render
from rag.ui.views.source import source_html

from rag import Document

TEXT = "\n\n  Dear all,\r\n\r\n\tIn 2022 the ferries <b>carried</b> ${39,800} {{wagons}} &amp; `more`.  \n\n"


class _SourceText(HTMLParser):
    """Collect the text of the element ``<div class="text">``, which contains only marks."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self._inside = "", False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = self._inside or (tag == "div" and ("class", "text") in attrs)

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "div"

    def handle_data(self, data: str) -> None:
        self.text += data if self._inside else ""


def test_values_are_escaped_for_html_and_gradio() -> None:
    attack = """<b a='1' b="2">&amp;</b> ${x} {{y}} `z`"""
    shown = render("examples", collection=attack, questions=[attack])
    assert "<b " not in shown
    assert not set("'`${}") & set(shown)
    assert shown.count("&lt;b a=&#x27;1&#x27; b=&quot;2&quot;&gt;&amp;amp;&lt;/b&gt; &#36;&#123;x&#125;") == 3


def test_missing_value_raises() -> None:
    with pytest.raises(UndefinedError, match="'text' is undefined"):
        render("message")


def test_every_template_compiles() -> None:
    names = environment().list_templates()
    assert "result.html" in names
    for name in names:
        environment().get_template(name)


def test_source_shows_the_document_text_unchanged() -> None:
    start = TEXT.index("carried")
    marks = [Mark(start, start + 7, "answer focus"), Mark(start - 10, start + 20, "sentence")]
    opened = OpenDocument("start", Document("letter.txt", TEXT, "Letter"), "hash", ((0, len(TEXT)),))
    html = source_html(opened, marks)
    assert _SourceText(html).text == TEXT
