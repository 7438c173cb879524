"""The Documents tab as HTML: files, results of uploads, progress of indexing jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rag.formats import FORMATS
from rag.text.plural import counted

from ..services.collections import Collection
from ..services.file_listing import Row, similar_note
from ..services.index_jobs import DONE, State
from ..services.uploads import Upload
from .messages import duration
from .render import render

#: Rows shown of a table.
LISTED = 200


def about_html(collection: Collection) -> str:
    """What the collection is, and where its documents are managed."""
    return render("documents_about", collection=collection, formats=sorted(FORMATS))


def shared_html(shared: Mapping[str, str]) -> str:
    """The accounts that a collection is shared with.

    Args:
        shared: ``read`` or ``change`` by account.
    """
    return render("shared", shared=sorted(shared.items()))


def delete_warning_html() -> str:
    """What deleting a collection removes."""
    return render("delete_warning")


def table_html(rows: Sequence[Row], own: bool, filtered: bool, note: str = "") -> str:
    """The files of a collection.

    Args:
        rows: The files.
        own: Whether they are managed on the page, so that each has a button to remove it.
        filtered: Whether the rows are the matches of a search.
        note: Why nothing but the names of the files is known, if so.
    """
    listed = [(row, _contents(row)) for row in rows[:LISTED]]
    return render(
        "documents_table", rows=listed, own=own, filtered=filtered, note=note, more=len(rows) > LISTED, limit=LISTED
    )


def uploads_html(collection: str, uploads: Sequence[Upload], left_out: int, limit: int) -> str:
    """The result of an upload.

    Args:
        collection: Name of the collection: another one may be chosen by the time the note appears.
        uploads: The uploaded files; a refused one has an error, and one that waits for an answer is left out.
        left_out: Number of files beyond the limit.
        limit: Maximum number of files per upload.
    """
    refused = [each for each in uploads if each.error]
    stored = [each for each in uploads if not each.error and not each.waits]
    replaced = [each for each in stored if each.older]
    return render(
        "uploads",
        collection=collection,
        added=len(stored) - len(replaced),
        replaced=replaced[:LISTED],
        refused=refused[:LISTED],
        more=len(refused) - LISTED,
        left_out=left_out,
        limit=limit,
    )


def versions_html(uploads: Sequence[Upload]) -> str:
    """The question whether uploads replace the stored files of which they seem to be new versions."""
    return render("versions", uploads=uploads[:LISTED], more=len(uploads) - LISTED)


def state_html(state: State) -> str:
    """The progress of an indexing job, and finally what it changed."""
    return render(
        "indexing_state",
        state=state,
        progress=_progress(state) if state.stage else None,
        done=_changes(state.changes) if state.state == DONE and state.changes else None,
    )


def not_indexed_html(count: int) -> str:
    """A hint that some files are not indexed and are not being indexed; empty if there are none."""
    return render("not_indexed", count=count) if count else ""


def _progress(state: State) -> dict[str, Any]:
    """The text of the progress bar, its value and its maximum."""
    # Embedding takes most of the time.
    value, maximum = (state.read, state.files) if state.stage == "reading" else (state.done, state.total)
    if state.stage == "checking":
        text = f"Checking files: {state.done:,} of {state.total:,}"
    elif state.stage == "embedding" and value == maximum and state.read == state.files:
        text = f"{counted(state.total, 'passage')} embedded; writing the index…"
    else:
        parts = [f"{state.read:,} of {counted(state.files, 'file')} read"]
        if state.stage == "embedding":
            about = "about " if state.read < state.files else ""
            parts += [f"{state.done:,} of {about}{counted(state.total, 'passage')} embedded"]
        if state.seconds_left:
            parts += [f"about {duration(state.seconds_left)} left"]
        text = ", ".join(parts)
    return {"text": text, "value": value, "maximum": max(maximum, 1)}


def _changes(changes: Mapping[str, Any]) -> dict[str, Any]:
    """What an indexing job changed, and the notes about single files."""
    counts = [
        f"{len(changes[name]):,} {name}"
        for name in ("added", "changed", "renamed", "removed", "unchanged")
        if changes[name]
    ]
    counts += [f"{len(changes['skipped']):,} not read"] if changes["skipped"] else []
    partly = len({document_id for document_id, _ in changes["unread"]})
    counts += [f"{partly:,} read only partly"] if partly else []
    kept = {True: "not read; the index keeps its previous version: ", False: "not read: "}
    notes = [(each["document_id"], kept[each["kept"]] + each["reason"]) for each in changes["skipped"]]
    notes += [tuple(each) for each in (*changes["unread"], *changes["warnings"])]
    notes += [(each, similar_note(other, similarity)) for each, other, similarity in changes["near_duplicates"]]
    return {
        "counts": counts,
        "documents": changes["documents"],
        "passages": changes["passages"],
        "notes": notes[:LISTED],
        "total_notes": len(notes),
    }


def _contents(row: Row) -> str:
    """Number of passages or documents in a file, and the note about it."""
    parts = []
    if row.documents:
        parts.append(counted(row.passages, "passage") if row.passages else counted(row.documents, "document"))
    return "; ".join([*parts, row.note] if row.note else parts)
