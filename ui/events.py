"""Options of the page's events, and guards against answers that come late.

Gradio runs the events of one trigger one after the other, each once the one before has been answered, but those chained
with ``then`` all at the same time. So a change of the collection first runs what needs only the browser, and the events
that need the server are chained to that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from rag import RagError

#: How many answers of one ``drawing`` may be in the making. Each takes one of gradio's 40 threads, which others need.
DRAWN_AT_ONCE = 8

#: Options of an event that is no endpoint of the API.
PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}

#: Seconds between two checks of an indexing job or an evaluation.
POLL_INTERVAL = 0.5

#: Scripts that hide a component, and empty one.
HIDE, CLEAR = "() => ({ __type__: 'update', visible: false })", "() => ''"

#: Once what a form sent is stored, hide the form or empty the field, unless the user has gone on to something else. The
#: inputs: what the form or the field holds now, and what was sent.
HIDE_SENT = "(now, sent) => (now === sent ? { __type__: 'update', visible: false } : undefined)"
CLEAR_SENT = "(now, sent) => (now === sent ? '' : undefined)"


@dataclass(slots=True)
class _Latest:
    """The latest request of one open page for some components; changed in place by all its events."""

    request: object | None = None


def drawing(draw: Callable[..., tuple[Any, ...]], inputs: Sequence[Any], outputs: Sequence[Any]) -> dict[str, Any]:
    """Options of an event that draws some components, such as the list of a collection's documents.

    An answer or an error is dropped if the page has asked again meanwhile, so a slow answer for one collection neither
    delays nor replaces that for the collection chosen since. Up to ``DRAWN_AT_ONCE`` slow answers delay no other user.

    Args:
        draw: Returns the values of the outputs.
        inputs: Components whose values it gets.
        outputs: Components that it fills in, at least two.
    """

    def latest_only(latest: _Latest, *values: Any) -> Any:
        latest.request = request = object()
        try:
            drawn = draw(*values)
        except (gr.Error, RagError):
            if latest.request is request:
                raise
            return gr.skip()
        return drawn if latest.request is request else gr.skip()

    return PRIVATE | {
        "fn": latest_only,
        "inputs": [gr.State(_Latest()), *inputs],
        "outputs": outputs,
        "trigger_mode": "multiple",
        "concurrency_limit": DRAWN_AT_ONCE,
    }
