"""Durations and errors as the page words them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from rag import RagError
from rag.index.milvus import public_text
from rag.text.plural import counted

from .highlight import escape


def duration(seconds: float) -> str:
    """A duration in seconds, minutes or hours, rounded to at most two digits."""
    if seconds < 90:
        return counted(max(1, round(seconds)), "second")
    return counted(round(seconds / 60), "minute") if seconds < 5400 else counted(round(seconds / 3600), "hour")


def sentence(error: RagError) -> str:
    """The error as a sentence: capitalised, with a full stop, in the words of ``public_text``."""
    text = public_text(error)
    return f"{text[:1].upper()}{text[1:]}."


@contextmanager
def error_messages() -> Iterator[None]:
    """Show an error of the library as a message on the page; Gradio renders it as HTML, so it is escaped."""
    try:
        yield
    except RagError as error:
        raise gr.Error(escape(sentence(error)), title="That did not work", print_exception=False) from error
