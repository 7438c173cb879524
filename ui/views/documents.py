"""What the tab of the documents shows, as HTML: the files, what became of uploads, how far an indexing is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rag.formats import FORMATS

from ..services.collections import Collection
from ..services.file_listing import Row
from ..services.index_jobs import DONE, FAILED, RUNNING, STOPPED, State
from ..services.uploads import Upload
from .highlight import escape
from .messages import counted, duration

#: Rows of a table that are shown.
LISTED = 200


def about_html(collection: Collection) -> str:
    """Which documents these are, and who manages them."""
    name = escape(collection.name)
    if collection.files is None:
        return (
            f'<p class="quiet"><b>{name}</b> is the index that the page was started with; <code>rag index</code> '
            "manages its documents. To ask your own, make a collection below and drop files into it.</p>"
        )
    kinds = ", ".join(sorted(FORMATS))
    return f'<p class="quiet">Documents of <b>{name}</b>. Read are {kinds}; all stays on this machine.</p>'


def table_html(rows: Sequence[Row], own: bool, filtered: bool) -> str:
    """The files of a collection; those that are managed here with a button each that removes it."""
    if not rows:
        return f'<p class="quiet">{"None is called so." if filtered else "No documents here yet."}</p>'
    more = f'<p class="quiet">The first {LISTED}; find others by their names.</p>' if len(rows) > LISTED else ""
    last = '<th><span class="unseen">Remove</span></th>' if own else ""
    return (
        '<table class="rows documents"><thead><tr><th>Title</th><th>File</th><th>What it holds</th>'
        f"{last}</tr></thead><tbody>{''.join(_row_html(row, own) for row in rows[:LISTED])}</tbody></table>{more}"
    )


def uploads_html(became: Sequence[Upload], left_out: int, most: int) -> str:
    """What became of the files of an upload; ``left_out`` were more than the ``most`` that are taken at once."""
    refused = [each for each in became if each.error]
    lines = [f"{counted(len(became) - len(refused), 'file')} added."] if len(became) > len(refused) else []
    lines += [f"Not added: <code>{escape(each.name)}</code>: {escape(each.error)}." for each in refused[:LISTED]]
    lines += [f"{len(refused) - LISTED:,} more were not added."] if len(refused) > LISTED else []
    lines += [f"{counted(left_out, 'file')} left out: at most {most:,} are taken at once."] if left_out > 0 else []
    return "".join(f"<p>{line}</p>" for line in lines)


def state_html(state: State) -> str:
    """How far an indexing is, and in the end what it did."""
    if state.state == DONE:
        return _changes_html(state.changes or {})
    if state.state == FAILED:
        return f"<p>Not indexed: {escape(state.error)}.</p>"
    if state.state == STOPPED:
        return "<p>Stopped. The index is as it was; what was done is used when it is brought up to date.</p>"
    if state.state != RUNNING:
        return "<p>Waiting for another indexing to end…</p>"
    # Told as it goes to who looks, not to who listens.
    return f'<div aria-live="off">{_progress_html(state)}</div>'


def _progress_html(state: State) -> str:
    if not state.stage:
        return "<p>Starting…</p>"
    at, of = (state.read, state.files) if state.read < state.files else (state.done, state.total)
    if state.stage == "checking":
        text, at = f"Looking at the files: {state.done:,} of {state.total:,}", state.done
    elif state.stage == "embedding" and at == of:
        text = f"{counted(state.total, 'passage')} embedded; writing the index…"
    else:
        parts = [f"{state.read:,} of {counted(state.files, 'file')} read"]
        if state.stage == "embedding":
            parts += [f"{state.done:,} of {counted(state.total, 'passage')} embedded"]
        if state.seconds_left:
            parts += [f"about {duration(state.seconds_left)} left"]
        text = ", ".join(parts)
    return f'<p>{text}</p><progress max="{max(of, 1)}" value="{at}" aria-label="Indexing"></progress>'


def _changes_html(changes: Mapping[str, Any]) -> str:
    if not changes:
        return "<p>Done. The collection is empty now.</p>"
    counts = [
        f"{len(changes[name]):,} {name}"
        for name in ("added", "changed", "renamed", "removed", "unchanged")
        if changes[name]
    ]
    counts += [f"{len(changes['skipped']):,} not read"] if changes["skipped"] else []
    total = f"{counted(changes['documents'], 'document')}, {counted(changes['passages'], 'passage')}"
    lines = [f"<p>Done: {', '.join(counts)}. {total} in the collection.</p>"]
    kept = {True: "not read, the index holds it as it was: ", False: "not read: "}
    notes = [(each["document_id"], kept[each["kept"]] + each["reason"]) for each in changes["skipped"]]
    notes += [tuple(each) for each in changes["warnings"]]
    if notes:
        rows = "".join(f"<tr><td><code>{escape(a)}</code></td><td>{escape(b)}</td></tr>" for a, b in notes[:LISTED])
        head = "<thead><tr><th>File</th><th>What to know</th></tr></thead>"
        lines += [f'<table class="rows">{head}<tbody>{rows}</tbody></table>']
    if len(notes) > LISTED:
        lines += [f'<p class="quiet">The first {LISTED} of {len(notes):,}.</p>']
    return "".join(lines)


def _row_html(row: Row, own: bool) -> str:
    holds = []
    if row.documents:
        holds += [counted(row.passages, "passage") if row.passages else counted(row.documents, "document")]
    holds += [escape(row.note)] if row.note else []
    dated = f'<br><span class="date">{escape(row.date)}</span>' if row.date else ""
    path = escape(row.path)
    button = (
        f'<td><button type="button" data-event="remove" data-name="{path}" data-sure="Remove for good?" '
        f'aria-label="Remove {path}">Remove</button></td>'
        if own
        else ""
    )
    return (
        f"<tr><td>{escape(row.title)}{dated}</td><td><code>{path}</code></td><td>{'; '.join(holds)}</td>{button}</tr>"
    )
