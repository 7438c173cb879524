"""The named endpoints of the running page, and its port."""

import gradio as gr
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from rag.ui import start
from rag.ui.services.collections import Collections

from rag import Assistant, InputError
from tests.ui.driver import BORDER

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


def test_ask_and_search_are_named_endpoints(address: str, assistant: Assistant) -> None:
    client = Client(address, verbose=False)
    result = client.predict(BORDER, api_name="/ask")
    assert (result["answered"], result["answer"]["text"]) == (True, "7,644 km")
    hits = client.predict("rents in Almaty", 3, 400, api_name="/search")
    assert [hit["text"] for hit in hits] == [
        hit.passage.text for hit in assistant.retriever.search("rents in Almaty", 3, 400)
    ]
    with pytest.raises(AppError, match="the question is empty; ask in words"):
        client.predict("", api_name="/ask")
    found = client.predict(BORDER, where=["path=kyrgyz*"], api_name="/ask")
    assert {hit["document"] for hit in found["hits"]} == {"kyrgyzstan.md"}
    assert set(client.view_api(return_format="dict")["named_endpoints"]) == {"/ask", "/search"}


def test_unavailable_port_is_refused(address: str, collections: Collections) -> None:
    port = int(address.rpartition(":")[2])
    with pytest.raises(InputError, match=rf"port {port} on 127\.0\.0\.1 is taken .* choose another one with --port"):
        start(collections, port=port)
    with pytest.raises(InputError, match="there is no port 99999; choose one between 1 and 65535 with --port"):
        start(collections, port=99_999)


def test_analytics_are_off() -> None:
    assert not gr.analytics.analytics_enabled()
