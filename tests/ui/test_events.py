"""Answers that come late."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gradio as gr
import pytest
from rag.ui.events import drawing

from tests.waiting import PATIENCE


def test_answer_overtaken_by_a_later_request_is_dropped() -> None:
    begun, slow_ends = threading.Event(), threading.Event()

    def draw(chosen: str) -> tuple[Any, ...]:
        if chosen == "slow":
            begun.set()
            assert slow_ends.wait(PATIENCE)
        return chosen, f"{chosen} list"

    with gr.Blocks():
        event = drawing(draw, [gr.Textbox()], [gr.HTML(), gr.HTML()])
    latest = event["inputs"][0].value
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(event["fn"], latest, "slow")
        assert begun.wait(PATIENCE)
        assert event["fn"](latest, "quick") == ("quick", "quick list")
        slow_ends.set()
        assert late.result() == gr.skip()
    assert event["fn"](latest, "slow") == ("slow", "slow list")


def test_error_is_shown_unless_a_later_request_has_overtaken_it() -> None:
    def draw(fails_late: bool) -> tuple[Any, ...]:
        if fails_late:
            event["fn"](latest, False)
            raise gr.Error("gone")
        return "list", "counts"

    with gr.Blocks():
        event = drawing(draw, [gr.Checkbox()], [gr.HTML(), gr.HTML()])
        failing = drawing(lambda: (_ for _ in ()).throw(gr.Error("gone")), [], [gr.HTML(), gr.HTML()])
    latest = event["inputs"][0].value
    assert event["fn"](latest, True) == gr.skip()
    with pytest.raises(gr.Error, match="gone"):
        failing["fn"](failing["inputs"][0].value)
