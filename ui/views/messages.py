"""Counts, times and errors of the library, as the page says them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from rag import RagError

from .highlight import escape


def counted(number: int, what: str) -> str:
    """``1 question``, ``2,000 questions``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """As one says it: of two figures at most."""
    if seconds < 90:
        return counted(max(1, round(seconds)), "second")
    return counted(round(seconds / 60), "minute") if seconds < 5400 else counted(round(seconds / 3600), "hour")


def sentence(error: RagError) -> str:
    """An error as a sentence for the page."""
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


@contextmanager
def told() -> Iterator[None]:
    """Turns an error of the library into a message on the page, which gradio takes for HTML."""
    try:
        yield
    except RagError as error:
        raise gr.Error(escape(sentence(error)), title="That did not work", print_exception=False) from error
