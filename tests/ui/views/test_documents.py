import re
from typing import Any

import pytest
from rag.ui.services.index_jobs import DONE, FAILED, INTERRUPTED, RUNNING, STOPPED, State
from rag.ui.services.uploads import Upload
from rag.ui.views.documents import LISTED, not_indexed_html, state_html, uploads_html, versions_html

CHANGES: dict[str, Any] = {
    "added": ["a.md"], "changed": [], "renamed": [], "removed": ["b.md", "c.md"], "unchanged": [], "warnings": [],
    "skipped": [], "unread": [], "near_duplicates": [], "documents": 1, "passages": 1_200,
}  # fmt: skip


def _text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (State(), "Waiting: collections are indexed in turn…"),
        (State(RUNNING), "Starting…"),
        (State(RUNNING, "checking", 1_000, 2_000), "Checking files: 1,000 of 2,000"),
        (State(RUNNING, "reading", read=1, files=1), "1 of 1 file read"),
        (
            State(RUNNING, "embedding", 50, 200, 3, 4, 100.0),
            "3 of 4 files read, 50 of about 200 passages embedded, about 2 minutes left",
        ),
        (State(RUNNING, "embedding", 200, 200, 4, 4), "200 passages embedded; writing the index…"),
        (State(FAILED, error="the disk is <full>"), "Indexing failed: the disk is &lt;full&gt;."),
        (State(STOPPED), "Stopped. The index is unchanged, and the next update reuses the finished work."),
        (
            State(INTERRUPTED),
            "Indexing was interrupted; the computer may be short of memory. "
            "Click “Bring up to date” to continue; the finished work is reused.",
        ),
        (State(DONE, changes={}), "Done. The collection is now empty."),
        (State(DONE, changes=CHANGES), "Done: 1 added, 2 removed. 1 document, 1,200 passages in the collection."),
    ],
)
def test_state_is_worded(state: State, expected: str) -> None:
    assert _text(state_html(state)) == expected


def test_files_that_are_not_indexed_are_counted() -> None:
    assert _text(not_indexed_html(0)) == ""
    assert _text(not_indexed_html(1)) == "1 file is not indexed yet; click “Bring up to date” to index it."
    assert _text(not_indexed_html(2)) == "2 files are not indexed yet; click “Bring up to date” to index them."


def test_note_on_an_upload_names_the_collection() -> None:
    shown = _text(uploads_html("<b>Ports", [Upload("a.md"), Upload("b.exe", "unsupported format")], 1, 2))
    assert shown == (
        "1 file added to &lt;b&gt;Ports. Not added to &lt;b&gt;Ports: b.exe : unsupported format. "
        "1 file left out: the limit is 2 files per upload."
    )


def test_note_on_an_upload_names_what_was_replaced_and_not_what_waits() -> None:
    uploads = [Upload("a.md", older="a.md"), Upload("b.md"), Upload("c.md", older="c.md", waits=True)]
    assert _text(uploads_html("Ports", uploads, 0, 2)) == "1 file added to Ports. a.md was replaced in Ports."


def test_question_names_both_versions() -> None:
    uploads = [Upload("a.md", older="a.md", waits=True), Upload("<b> (2).md", older="<b>.md", waits=True)]
    assert _text(versions_html(uploads)) == (
        "Replace the earlier version? a.md is there already, with other content. "
        "&lt;b&gt; (2).md seems to be a new version of &lt;b&gt;.md . Replaced files no longer answer."
    )


def test_progress_bar_shows_files_until_passages_are_embedded() -> None:
    assert '<progress max="4" value="3"' in state_html(State(RUNNING, "reading", 3, 4, 3, 4))
    assert '<progress max="200" value="50"' in state_html(State(RUNNING, "embedding", 50, 200, 3, 4))
    assert '<progress max="1" value="0"' in state_html(State(RUNNING, "checking", 0, 0))


def test_notes_are_listed_up_to_a_limit() -> None:
    skipped = [{"document_id": f"{n}.pdf", "reason": "no text", "kept": n == 0} for n in range(LISTED + 5)]
    shown = state_html(State(DONE, changes=CHANGES | {"skipped": skipped}))
    assert shown.count("<tr><td>") == LISTED
    assert "<td>not read; the index keeps its previous version: no text</td>" in shown
    assert f"Showing the first {LISTED} of {LISTED + 5}." in shown
    assert f"{LISTED + 5} not read" in shown


def test_what_is_not_read_is_counted_and_noted() -> None:
    unread = [
        ["a.pptx", "1 chart is not read"],
        ["a.pptx", "so is more"],
        ["b.eml", "1 picture is not read"],
    ]
    shown = state_html(State(DONE, changes=CHANGES | {"unread": unread}))
    assert "Done: 1 added, 2 removed, 2 read only partly." in _text(shown)
    assert shown.count("<tr><td>") == 3
    assert "a.pptx 1 chart is not read" in _text(shown)
