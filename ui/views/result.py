"""Results as pieces of HTML. Everything from a document or a question goes through ``escape`` or ``highlight``."""

from __future__ import annotations

from collections.abc import Sequence

from rag import Hit, Passage, Reason, Result
from rag.agreement import likely_answers

from .answer import FindDocument, alternatives, answer_card, missing_card, opens, passage_text, place
from .highlight import Mark, escape

#: So many fields are named in the help of the filter.
FIELDS_SHOWN = 40

#: A passage longer than this, in code points, is folded.
LONG_PASSAGE = 320

REASONS = {
    Reason.NOTHING_RELEVANT: "No document here is about this.",
    Reason.NO_SPAN: "Some documents are about this, but no sentence in them could be the answer.",
    Reason.TOO_UNSURE: "Some words come near, but they are too likely to be wrong.",
}


def result_html(result: Result, find: FindDocument, where: Sequence[str] = ()) -> str:
    """The answer or why there is none, then the other passages; before them what they were restricted to."""
    if result.answer:
        top = answer_card(result, result.answer, find)
    else:
        top = missing_card(result, REASONS[result.reason_code] if result.reason_code else "", find)
    first = result.answer or result.near_miss
    shown = first.passage if first else None
    below = f"{alternatives(result)}{_passages(result, shown)}{_timing(result)}"
    return f'<div class="result">{_filter(where)}<div class="top">{top}</div>{below}</div>'


def reading_html(hits: Sequence[Hit], where: Sequence[str] = ()) -> str:
    """What is shown while the passages are read: them, and a place for the answer."""
    items = "".join(_passage(hit, []) for hit in hits)
    passages = f'<section class="passages"><h2>Passages</h2><ol>{items}</ol></section>' if hits else ""
    waiting = f'<article class="card reading" role="status">Reading {len(hits)} passages…</article>'
    return f'<div class="result" aria-busy="true">{_filter(where)}<div class="top">{waiting}</div>{passages}</div>'


def message_html(text: str) -> str:
    """A hint in place of a result."""
    return f'<p class="hint" role="status">{escape(text)}</p>'


def filter_help_html(fields: Sequence[str]) -> str:
    """Which fields the conditions of a filter may name, and how they are written."""
    names = ", ".join(f"<code>{escape(field)}</code>" for field in fields[:FIELDS_SHOWN])
    names += " and more" if len(fields) > FIELDS_SHOWN else ""
    return (
        "<p>All of them must hold. <code>*</code> stands for anything; compare with "
        f"<code>= != &gt;= &lt;= &gt; &lt;</code>.</p><p>Fields here: {names}</p>"
    )


def _filter(where: Sequence[str]) -> str:
    if not where:
        return ""
    conditions = ", ".join(f"<code>{escape(each)}</code>" for each in where)
    return f'<p class="filter">Only in documents like {conditions}</p>'


def _passages(result: Result, shown: Passage | None) -> str:
    others = [hit for hit in result.hits if hit.passage != shown]
    if not others:
        return ""
    items = "".join(_passage(hit, _answers_in(result, hit.passage)) for hit in others)
    return f'<section class="passages"><h2>Other passages</h2><ol>{items}</ol></section>'


def _answers_in(result: Result, passage: Passage) -> list[Mark]:
    """Where a passage gives a good answer too."""
    likely = likely_answers(result.answers) if result.answer else []
    places = [(answer.document, answer.start, answer.end) for answer in likely]
    places += [(other.document, other.start, other.end) for answer in likely for other in answer.support]
    return [Mark(start, end, "other") for document, start, end in places if document == passage.document_id]


def _passage(hit: Hit, marks: list[Mark]) -> str:
    passage = hit.passage
    at = marks[0] if marks else Mark(passage.start, passage.end, "")
    head = (
        f"{opens(passage.document_id, at.start, at.end, f'<cite>{escape(hit.title)}</cite>', 'link walk')} "
        f"<code>{escape(passage.document_id)}</code>{place(passage, hit.title)}"
        f'<span class="score" title="Fused score: meaning {hit.dense:.2f}, words {hit.lexical:.2f}">'
        f"{hit.score:.1f}</span>"
    )
    text = f'<span class="text">{passage_text(passage, hit.title, marks)}</span>'
    if len(passage.text) > LONG_PASSAGE:
        text = f'<details><summary aria-label="The whole passage">{text}</summary></details>'
    return f'<li><span class="head">{head}</span>{text}</li>'


def _timing(result: Result) -> str:
    seconds = result.seconds
    return (
        f'<p class="timing">{seconds.total:.2f} seconds: {seconds.retrieve:.2f} to find passages, '
        f"{seconds.read:.2f} to read them</p>"
    )
