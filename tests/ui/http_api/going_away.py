"""A client that closes its connection while its question is computed."""

import json
import socket
import threading
from typing import Any
from urllib.parse import urlsplit

import pytest
from anyio.from_thread import check_cancelled

from rag import Assistant
from tests.waiting import PATIENCE, wait_until

GIVEN_UP = "Given up?"


def record_reading(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], threading.Event]:
    """The questions that an assistant reads passages for, and an event that tells when ``GIVEN_UP`` is retrieved.

    That question is retrieved until nobody waits for its answer any more.
    """
    entered, asked = threading.Event(), list[str]()
    retrieve, read = assistant.retrieve, assistant.read

    def blocked(question: str, *arguments: Any, **options: Any) -> Any:
        if question == GIVEN_UP:
            entered.set()
            wait_until(_is_cancelled)
        return retrieve(question, *arguments, **options)

    def recorded(result: Any) -> Any:
        asked.append(result.question)
        return read(result)

    monkeypatch.setattr(assistant, "retrieve", blocked)
    monkeypatch.setattr(assistant, "read", recorded)
    return asked, entered


def ask_and_go_away(address: str, entered: threading.Event) -> None:
    """Ask ``GIVEN_UP``, and close the connection as soon as it is computed."""
    url, body = urlsplit(address), json.dumps({"question": GIVEN_UP}).encode()
    headers = ["POST /api/ask HTTP/1.1", f"Host: {url.hostname}", "Content-Type: application/json"]
    head = "\r\n".join([*headers, f"Content-Length: {len(body)}", "", ""]).encode()
    with socket.create_connection((url.hostname or "", url.port or 0)) as gone:
        gone.sendall(head + body)
        assert entered.wait(PATIENCE)


def _is_cancelled() -> bool:
    """Whether nobody waits for the call that this thread computes any more."""
    try:
        check_cancelled()
    except BaseException:
        return True
    return False
