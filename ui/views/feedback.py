"""What was taught, as HTML: each question, what was said of it, and whether that still fits the documents."""

from __future__ import annotations

from collections.abc import Sequence

from rag.questions.anchors import Place
from rag.questions.feedback import Annotation

from ..services.collections import Collection
from .highlight import escape
from .messages import counted

#: Questions that are listed; a search finds the others.
LISTED = 200

HINT = (
    '<p class="hint">Nothing was taught here yet. Ask something under <b>Ask</b>, and say under the answer whether it '
    "is right, or select the right words in the document.</p>"
)


def lessons_html(lessons: Sequence[Annotation], wanted: str = "") -> str:
    """The table, what was taught last first.

    Args:
        lessons: What was taught, in the order of the file.
        wanted: Only questions that hold this; all where it is empty.
    """
    if not lessons:
        return HINT
    found = [lesson for lesson in reversed(lessons) if wanted.casefold() in lesson.text.casefold()]
    stale = sum(bool(lesson.stale) for lesson in lessons)
    counts = f"{counted(len(lessons), 'question')} taught" + (f", {stale:,} of them stale" if stale else "") + "."
    if wanted:
        counts += f" {counted(len(found), 'question')} with “{escape(wanted)}”."
    if len(found) > LISTED:
        counts += f" These are the last {LISTED}."
    rows = "".join(_row(number, lesson) for number, lesson in enumerate(found[:LISTED]))
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Question", "What was said", "Change"))
    table = f'<table class="rows lessons"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>' if rows else ""
    return f'<p class="quiet" id="taught-counts" tabindex="-1" role="status">{counts}</p>{table}'


def commands_html(collection: Collection, file: str) -> str:
    """What can be done with the saved file.

    Args:
        collection: Whose it is.
        file: What it is called.
    """
    folder = (
        "the index that this page was started with, as <code>rag ui --index</code> names it"
        if collection.files is None
        else f"<code>{escape(collection.id)}/index</code> in the folder that <code>rag ui --collections</code> names"
    )
    name = escape(file)
    return (
        "<details><summary>What the file is good for</summary>"
        "<p>Measure the answers by it, or let the reader learn from it:</p>"
        f"<pre tabindex='0'>rag eval {name} --index DIR\n"
        f"rag train {name} --index DIR --from shipped --out my-reader</pre>"
        f"<p>DIR is {folder}. Questions whose right words nobody knows yet are left out of the first; the second "
        "learns from what is wrong all the same.</p></details>"
    )


def place_label(verdict: str, place: Place) -> str:
    """A place in a line of plain text: ``right: “7,644 km” in kazakhstan.md``."""
    return f"{verdict}: “{place['quote']}” in {place['document']}"


def _row(number: int, lesson: Annotation) -> str:
    name, about = escape(lesson.id), f"lesson-{number}"
    kind = f'<br><span class="kind">{escape(lesson.kind)}</span>' if lesson.kind else ""
    buttons = (
        f'<button type="button" data-event="edit" data-lesson="{name}" aria-describedby="{about}">Edit</button> '
        f'<button type="button" data-event="remove" data-lesson="{name}" data-sure="Delete for good?" '
        f'aria-describedby="{about}">Delete</button>'
    )
    return (
        f'<tr><th scope="row"><span id="{about}">{escape(lesson.text)}</span>{kind}</th><td>{_said(lesson)}</td>'
        f"<td>{buttons}</td></tr>"
    )


def _said(lesson: Annotation) -> str:
    lines = [_place("right", place) for place in lesson.answers or ()]
    lines += ["no document answers"] if lesson.answers == () else []
    lines += [_place("wrong", place) for place in lesson.wrong]
    lines += ["right words unknown"] if lesson.answers is None else []
    lines += [f'<span class="stale">stale: {escape(lesson.stale)}</span>'] if lesson.stale else []
    return "".join(f"<p>{line}</p>" for line in lines)


def _place(verdict: str, place: Place) -> str:
    tag = {"right": "strong", "wrong": "s"}[verdict]
    return f"{verdict}: <{tag}>“{escape(place['quote'])}”</{tag}> in <code>{escape(place['document'])}</code>"
