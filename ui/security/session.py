"""Which account a request comes from."""

from __future__ import annotations


def current_account() -> str | None:
    """The account whose event gradio is handling; None outside of events, and if nobody has logged in."""
    from gradio.context import LocalContext

    request = LocalContext.request.get(None)
    return request.username if request else None
