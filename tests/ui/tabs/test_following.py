"""Following a collection's jobs: only while the account may see it, and only those of that collection."""

from pathlib import Path
from typing import Any

import gradio as gr
from rag.ui.services.collections import Collections, given_collection
from rag.ui.services.document_reader import DocumentReader
from rag.ui.services.evaluation_jobs import Evaluations
from rag.ui.services.index_jobs import IndexJob
from rag.ui.services.index_queue import IndexQueue
from rag.ui.tabs.documents import DocumentsTab

from rag import SentenceTransformerEncoder
from tests.waiting import run_async


class Recorded(Evaluations):
    """Records the collections that are forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.forgotten: list[str] = []

    def forget(self, collection_id: str) -> None:
        self.forgotten.append(collection_id)


class Endless(IndexQueue):
    """A queue with the same job for every collection, which never starts."""

    def latest(self, collection_id: str) -> IndexJob:
        return IndexJob(Path(), Path(), "")


def test_progress_ends_when_the_share_is_withdrawn(tmp_path: Path, encoder: SentenceTransformerEncoder) -> None:
    asks = "ann"
    collections = Collections(tmp_path, [], encoder).with_accounts(lambda: asks)
    made = collections.create("Reports")
    collections.share(made.id, "bob", "read")
    with gr.Blocks():
        tab = DocumentsTab(collections, Endless(), Evaluations(), DocumentReader(collections), gr.Dropdown([made.id]))

    async def follow() -> list[tuple[Any, ...]]:
        nonlocal asks
        asks = "bob"
        shown = tab._follow(made.id)
        first = await anext(shown)
        asks = "ann"
        collections.share(made.id, "bob", "")
        asks = "bob"
        return [first, *[each async for each in shown]]

    states = run_async(follow())
    assert "Waiting: collections are indexed in turn" in states[0][0]
    hidden = gr.update(visible=False)
    assert states[1:] == [("", hidden, hidden)]


def test_jobs_of_a_deleted_collection_are_not_those_of_its_successor(
    tmp_path: Path, encoder: SentenceTransformerEncoder, corpus_index: Path
) -> None:
    given = given_collection(corpus_index, "Articles", tmp_path)
    collections, jobs, evaluations = Collections(tmp_path, [given], encoder), IndexQueue(), Recorded()
    made = collections.create("Reports")
    with gr.Blocks():
        tab = DocumentsTab(collections, jobs, evaluations, DocumentReader(collections), gr.Dropdown([made.id]))
    tab._index(made.id)
    assert jobs.latest(made.id)
    tab._remove_collection(made.id)
    assert collections.create("Reports").id == made.id
    assert (jobs.latest(made.id), evaluations.forgotten) == (None, [made.id])
