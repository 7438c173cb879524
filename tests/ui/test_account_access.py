"""What the server answers to an account about a collection of another one, over HTTP."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from rag.ui import start
from rag.ui.security.accounts import AccessPolicy
from rag.ui.services.collections import Collections, given_collection

from rag import SentenceTransformerEncoder, build_index
from tests.ui.driver import free_port
from tests.waiting import PATIENCE

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

ACCOUNTS = {"ann": "secret", "bob": "other"}
QUESTION = "How many wagons does the ferry to Baku carry?"
TEXT = "The ferry to Baku carries 48 wagons.\n"


@dataclass(frozen=True)
class Server:
    """A server with a collection of Bob's.

    Attributes:
        page: Its page.
        reference: The collection's document, as the reader of the page names it.
    """

    page: gr.Blocks
    reference: dict[str, str]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.page.server_port}"

    def read(self, account: str, function: str, **request: Any) -> dict[str, Any]:
        """The answer to a request of the reader for a part of the document."""
        [pane] = [number for number, each in self.page.blocks.items() if each.elem_id == "reader"]
        body = {"session_hash": "session", "component_id": pane, "fn_name": function, "data": self.reference | request}
        with httpx.Client(base_url=self.address, timeout=PATIENCE) as client:
            client.post("/login", data={"username": account, "password": ACCOUNTS[account]}).raise_for_status()
            answer: dict[str, Any] = client.post("/gradio_api/component_server", json=body).raise_for_status().json()
        return answer

    def ask(self, account: str) -> dict[str, Any]:
        client = Client(self.address, auth=(account, ACCOUNTS[account]), verbose=False)
        answer: dict[str, Any] = client.predict(QUESTION, collection=self.reference["collection"], api_name="/ask")
        return answer


@pytest.fixture(scope="module")
def server(
    corpus_index: Path, encoder: SentenceTransformerEncoder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("home")
    collections = Collections(home, [given_collection(corpus_index, "Articles", home)], encoder)
    made = collections.with_accounts(lambda: "bob").create("Ferries")
    assert made.files
    (made.files / "ferry.txt").write_text(TEXT)
    build_index(made.files, made.index, encoder)
    file = collections.assistant(made.id).index.file_of("ferry.txt")
    assert file
    page = start(collections, port=free_port(), access=AccessPolicy(ACCOUNTS))
    try:
        yield Server(page, {"collection": made.id, "document": "ferry.txt", "hash": file.hash})
    finally:
        page.close(verbose=False)


@pytest.mark.parametrize(
    ("function", "request_data", "found"),
    [
        ("read_part", {"view": "text", "part": 0, "width": 900, "marks": []}, {"html": TEXT}),
        ("find_text", {"text": "wagons"}, {"places": [[29, 35, 0]], "total": 1}),
    ],
)
def test_parts_of_a_document_are_read_by_its_account_only(
    server: Server, function: str, request_data: dict[str, Any], found: dict[str, Any]
) -> None:
    assert server.read("bob", function, **request_data) == found
    refused = f"Collection '{server.reference['collection']}': not found; choose another one."
    assert server.read("ann", function, **request_data) == {"error": refused}


def test_collection_is_asked_by_its_account_only(server: Server) -> None:
    assert server.ask("bob")["answer"]["text"].startswith("48")
    with pytest.raises(AppError, match=f"collection '{server.reference['collection']}': not found"):
        server.ask("ann")
