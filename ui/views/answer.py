"""The card of an answer: its words in their paragraph, how sure they are, where they stand, and what one can do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from rag import Answer, Document, Passage, Result
from rag.export.answers import citation
from rag.reading.scoring import in_words

from .highlight import Mark, escape, highlight

FindDocument = Callable[[str], Document]

#: An answer no longer than this, in code points, is not broken over two lines.
SHORT_ANSWER = 24

#: An answer longer than this, in code points, is set smaller.
LONG_ANSWER = 80

FIRST_HEADING = re.compile(r"#{1,6}[ \t]+(.+?)[ \t]*(?:\r?\n)+")

CONFIDENCE_HELP = "Of the answers given at 80%, about 80 in 100 should be right."


def answer_card(result: Result, answer: Answer, find: FindDocument) -> str:
    """The card of the answer that is given."""
    size = " long" if len(answer.text) > LONG_ANSWER else ""
    return (
        '<article class="card" aria-label="Answer">'
        f'<p class="quote{size}">{escape(answer.text)}</p>'
        f"{confidence(answer)}"
        f"{_same(answer, find)}"
        f"{_paragraph(answer, marks(answer))}"
        f"{_source(answer, find)}"
        f"{_actions(answer, find, TEACH_ANSWER)}"
        "</article>"
        f"{_disagreement(result, find)}"
    )


def missing_card(result: Result, why: str, find: FindDocument) -> str:
    """The card that says why there is no answer, with the near miss where there is one."""
    parts = ['<article class="card missing" aria-label="Not found"><h2>Not found</h2>', f"<p>{escape(why)}</p>"]
    if miss := result.near_miss:
        parts += [
            "<h3>The nearest words, not an answer</h3>",
            confidence(miss),
            _paragraph(miss, marks(miss, kind="near")),
            _source(miss, find),
            _actions(miss, find, TEACH_MISS),
        ]
    else:
        parts.append(_teach(TEACH_NOTHING))
    return "".join([*parts, "</article>"])


def alternatives(result: Result) -> str:
    """The other candidates of an answered question, each in its sentence."""
    if result.answer is None or not result.answers[1:]:
        return ""
    items = "".join(_alternative(number, answer) for number, answer in enumerate(result.answers[1:], start=1))
    return f'<section class="alternatives"><h2>Other candidates</h2><ol>{items}</ol></section>'


def marks(answer: Answer, kind: str = "answer") -> list[Mark]:
    """The words of an answer, and their sentence."""
    kind += " short" if len(answer.text) <= SHORT_ANSWER else ""
    return [
        Mark(answer.start, answer.end, kind),
        Mark(answer.sentence.start, answer.sentence.end, "sentence"),
    ]


def confidence(answer: Answer) -> str:
    """The probability as a bar, a word and a number."""
    percent = f"{answer.confidence:.0%}"
    return (
        f'<p class="confidence" title="{CONFIDENCE_HELP}">'
        f'<span class="meter" aria-hidden="true"><span style="width:{percent}"></span></span>'
        f"{in_words(answer.confidence)} · {percent}</p>"
    )


def passage_text(passage: Passage, title: str, inside: Iterable[Mark]) -> str:
    """The passage with its marks, without a first line that only repeats the title shown beside it."""
    heading = FIRST_HEADING.match(passage.text)
    skipped = heading.end() if heading and heading.group(1) == title else 0
    return highlight(passage.text[skipped:], passage.start + skipped, inside)


def place(found: Answer | Passage, title: str) -> str:
    """The page and the heading, where the format has them and they say more than the title."""
    parts = [f"page {found.page}"] if found.page is not None else []
    if found.heading not in (None, title):
        parts.append(f"under “{escape(str(found.heading))}”")
    return f' <span class="place">{", ".join(parts)}</span>' if parts else ""


def opens(document: str, start: int, end: int, label: str, kind: str = "") -> str:
    """A button that shows a stretch of a document; ``label`` is HTML."""
    return (
        f'<button type="button" class="open {kind}" data-document="{escape(document)}" '
        f'data-start="{start}" data-end="{end}">{label}</button>'
    )


def _same(answer: Answer, find: FindDocument) -> str:
    """How many documents say the same."""
    documents = sorted({support.document for support in answer.support} - {answer.document})
    if not documents:
        return ""
    first = {support.document: support for support in reversed(answer.support)}
    named = ", ".join(
        opens(each, first[each].start, first[each].end, escape(find(each).title), "link") for each in documents
    )
    return f'<p class="same">{len(documents) + 1} documents say the same: also {named}</p>'


def _disagreement(result: Result, find: FindDocument) -> str:
    if result.agreement.agrees:
        return ""
    items = "".join(_opinion(group, find) for group in result.agreement.groups[1:])
    return (
        '<aside class="disagreement" aria-label="Other answers"><h2>The documents may not agree</h2>'
        f"<p>Elsewhere it says something else. Compare the sentences.</p><ul>{items}</ul></aside>"
    )


def _opinion(group: Sequence[Answer], find: FindDocument) -> str:
    rival = group[0]
    titles = [find(document).title for answer in group for document in answer.documents]
    said = opens(rival.document, rival.start, rival.end, f"<b>{escape(rival.text)}</b>", "link")
    return f"<li>{said} in {escape(', '.join(dict.fromkeys(titles)))} · {rival.confidence:.0%}</li>"


def _paragraph(answer: Answer, inside: Sequence[Mark]) -> str:
    return f'<blockquote class="paragraph">{passage_text(answer.passage, answer.title, inside)}</blockquote>'


def _source(answer: Answer, find: FindDocument) -> str:
    named = f"<cite>{escape(answer.title)}</cite> <code>{escape(answer.document)}</code>{place(answer, answer.title)}"
    origins = _origins(find(answer.document))
    return '<p class="source">' + named + (f"<br>Drawn from {escape(origins)}" if origins else "") + "</p>"


TEACH_ANSWER = (("right", "Right"), ("wrong", "Wrong"), ("none", "No document answers this"))
TEACH_MISS = (("right", "This is right"), ("none", "No document answers this"))
TEACH_NOTHING = (("none", "Right: no document answers this"),)


def _actions(answer: Answer, find: FindDocument, teach: Sequence[tuple[str, str]]) -> str:
    quote = citation(answer, find(answer.document))
    return (
        '<div class="actions">'
        f"{opens(answer.document, answer.start, answer.end, 'Show in the document', 'main')}"
        f'<button type="button" data-copy="{escape(quote)}">Copy with its source</button>'
        '<span class="save" role="group" aria-label="Save as">Save as '
        '<button type="button" data-export="md">Markdown</button>'
        '<button type="button" data-export="json">JSON</button></span>'
        f"</div>{_teach(teach)}"
    )


def _teach(verdicts: Sequence[tuple[str, str]]) -> str:
    buttons = "".join(
        f'<button type="button" data-teach="{verdict}" data-answer="0">{label}</button>' for verdict, label in verdicts
    )
    return (
        f'<div class="teach" role="group" aria-label="Was this right?"><span>Was this right?</span>{buttons}'
        '<span class="hint-words">or select the right words in the document</span></div>'
        '<p class="taught-note" role="status"></p>'
    )


def _alternative(number: int, answer: Answer) -> str:
    head = (
        f"{opens(answer.document, answer.start, answer.end, escape(answer.text), 'link walk')}"
        f'<span class="score">{answer.confidence:.0%}</span>'
    )
    sentence = highlight(answer.sentence.text, answer.sentence.start, [Mark(answer.start, answer.end, "other")])
    right = f'<button type="button" class="small" data-teach="right" data-answer="{number}">This is right</button>'
    return (
        f'<li><span class="head">{head}</span><span class="text">{sentence}</span>'
        f'<span class="foot">{escape(answer.title)}{place(answer, answer.title)}{right}</span></li>'
    )


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
