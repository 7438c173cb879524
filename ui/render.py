"""Results as pieces of HTML. Everything from a document or a question goes through ``escape`` or ``highlight``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from rag import Answer, Document, Hit, Passage, Result
from rag.confidence import in_words

from .highlight import Mark, escape, highlight

FindDocument = Callable[[str], Document]

#: An answer no longer than this, in code points, is not broken over two lines.
SHORT_ANSWER = 24

#: An answer longer than this, in code points, is set smaller.
LONG_ANSWER = 80

#: So many fields are named in the help of the filter.
FIELDS_SHOWN = 40

#: A passage longer than this, in code points, is folded.
LONG_PASSAGE = 320

FIRST_HEADING = re.compile(r"#{1,6}[ \t]+(.+?)[ \t]*(?:\r?\n)+")

CONFIDENCE_HELP = "Of the answers given at 80%, about 80 in 100 should be right."

REASONS = {
    "nothing relevant": "No document here is about this.",
    "no span": "Some documents are about this, but no sentence in them could be the answer.",
    "too unsure": "Some words come near, but they are too likely to be wrong.",
}


def result_html(result: Result, find: FindDocument, where: Sequence[str] = ()) -> str:
    """The answer or why there is none, then the other passages; before them what they were restricted to."""
    top = _answer(result.answer, find) if result.answer else _not_found(result, find)
    first = result.answer or result.near_miss
    shown = first.passage if first else None
    return f'<div class="result">{_filter(where)}{top}{_passages(result, shown)}{_timing(result)}</div>'


def message_html(text: str) -> str:
    """A hint in place of a result."""
    return f'<p class="hint" role="status">{escape(text)}</p>'


def _filter(where: Sequence[str]) -> str:
    if not where:
        return ""
    conditions = ", ".join(f"<code>{escape(each)}</code>" for each in where)
    return f'<p class="filter">Only in documents like {conditions}</p>'


def filter_help_html(fields: Sequence[str]) -> str:
    """Which fields the conditions of a filter may name, and how they are written."""
    names = ", ".join(f"<code>{escape(field)}</code>" for field in fields[:FIELDS_SHOWN])
    names += " and more" if len(fields) > FIELDS_SHOWN else ""
    return (
        "<p>All of them must hold. <code>*</code> stands for anything; compare with "
        f"<code>= != &gt;= &lt;= &gt; &lt;</code>.</p><p>Fields here: {names}</p>"
    )


def _answer(answer: Answer, find: FindDocument) -> str:
    size = " long" if len(answer.text) > LONG_ANSWER else ""
    return (
        '<article class="card" aria-live="polite">'
        f'<p class="quote{size}">{escape(answer.text)}</p>'
        f"{_confidence(answer)}"
        f"{_paragraph(answer.passage, answer.title, _marks(answer))}"
        f"{_source(answer, find)}"
        "</article>"
    )


def _not_found(result: Result, find: FindDocument) -> str:
    code, _, _ = (result.reason or "").partition(":")
    parts = [
        '<article class="card missing" aria-live="polite"><h2>Not found</h2>',
        f"<p>{escape(REASONS.get(code, result.reason or ''))}</p>",
    ]
    if miss := result.near_miss:
        parts += [
            "<h3>The nearest words, not an answer</h3>",
            _confidence(miss),
            _paragraph(miss.passage, miss.title, _marks(miss, kind="near")),
            _source(miss, find),
        ]
    return "".join([*parts, "</article>"])


def _marks(answer: Answer, kind: str = "answer") -> list[Mark]:
    kind += " short" if len(answer.text) <= SHORT_ANSWER else ""
    return [
        Mark(answer.start, answer.end, kind),
        Mark(answer.sentence.start, answer.sentence.end, "sentence"),
    ]


def _confidence(answer: Answer) -> str:
    percent = f"{answer.confidence:.0%}"
    return (
        f'<p class="confidence" title="{CONFIDENCE_HELP}">'
        f'<span class="meter" aria-hidden="true"><span style="width:{percent}"></span></span>'
        f"{in_words(answer.confidence)} · {percent}</p>"
    )


def _paragraph(passage: Passage, title: str, marks: Iterable[Mark]) -> str:
    return f'<blockquote class="paragraph">{_text(passage, title, marks)}</blockquote>'


def _text(passage: Passage, title: str, marks: Iterable[Mark]) -> str:
    """The passage with its marks, without a first line that only repeats the title shown beside it."""
    heading = FIRST_HEADING.match(passage.text)
    skipped = heading.end() if heading and heading.group(1) == title else 0
    return highlight(passage.text[skipped:], passage.start + skipped, marks)


def _source(answer: Answer, find: FindDocument) -> str:
    document = find(answer.document)
    lines = [f"<cite>{escape(answer.title)}</cite> <code>{escape(answer.document)}</code>{_place(answer)}"]
    if origins := _origins(document):
        lines.append(f"Drawn from {escape(origins)}")
    others = sorted({support.document for support in answer.support} - {answer.document})
    if others:
        titles = ", ".join(find(other).title for other in others)
        lines.append(f"The same words answer in {escape(titles)}")
    return '<p class="source">' + "<br>".join(lines) + "</p>"


def _place(found: Answer | Passage, title: str = "") -> str:
    """The page and the heading, where the format has them and they say more than the title."""
    title = found.title if isinstance(found, Answer) else title
    parts = [f"page {found.page}"] if found.page is not None else []
    if found.heading not in (None, title):
        parts.append(f"under “{escape(str(found.heading))}”")
    return f' <span class="place">{", ".join(parts)}</span>' if parts else ""


def _origins(document: Document) -> str:
    """The sources that the document's front matter names, as far as it names them."""
    sources = document.metadata.get("sources")
    if not isinstance(sources, list):
        return ""
    named = [", ".join(_named(source)) for source in sources if isinstance(source, dict)]
    return "; ".join(name for name in named if name)


def _named(source: dict[str, object]) -> list[str]:
    """Author, publication and date; the title stands in for an author who is not named."""
    given = {key: str(value) for key, value in source.items() if not str(value).startswith("not named")}
    first = given.get("author") or given.get("title", "")
    return [value for value in (first, given.get("publication", ""), given.get("date", "")) if value]


def _passages(result: Result, shown: Passage | None) -> str:
    others = [hit for hit in result.hits if hit.passage != shown]
    if not others:
        return ""
    items = "".join(_passage(hit, _other_answers(result, hit.passage)) for hit in others)
    return f'<section class="passages"><h2>Other passages</h2><ol>{items}</ol></section>'


def _other_answers(result: Result, passage: Passage) -> list[Mark]:
    """Where a passage gives an answer too, if it is at least half as likely to be right as the best one."""
    if not result.answer:
        return []
    likely = [answer for answer in result.answers if answer.confidence >= result.answer.confidence / 2]
    places = [(answer.document, answer.start, answer.end) for answer in likely]
    places += [(other.document, other.start, other.end) for answer in likely for other in answer.support]
    return [Mark(start, end, "other") for document, start, end in places if document == passage.document_id]


def _passage(hit: Hit, marks: list[Mark]) -> str:
    passage = hit.passage
    head = (
        f"<cite>{escape(hit.title)}</cite> <code>{escape(passage.document_id)}</code>{_place(passage, hit.title)}"
        f'<span class="score" title="Fused score: meaning {hit.dense:.2f}, words {hit.lexical:.2f}">'
        f"{hit.score:.1f}</span>"
    )
    body = f'<span class="head">{head}</span><span class="text">{_text(passage, hit.title, marks)}</span>'
    if len(passage.text) <= LONG_PASSAGE:
        return f"<li>{body}</li>"
    return f"<li><details><summary>{body}</summary></details></li>"


def _timing(result: Result) -> str:
    seconds = result.seconds
    return (
        f'<p class="timing">{seconds.total:.2f} seconds: {seconds.retrieve:.2f} to find passages, '
        f"{seconds.read:.2f} to read them</p>"
    )
