"""Which account a request comes from."""

from __future__ import annotations

#: Key of the account in the scope of a request; its value is None if nobody has logged in.
ACCOUNT = "rag.account"


def current_account() -> str | None:
    """The account whose request gradio is handling; None outside of requests, and if nobody has logged in."""
    import gradio as gr
    from gradio.context import LocalContext

    request = LocalContext.request.get(None)
    if request is None:
        return None
    if isinstance(request, gr.Request):
        return request.username
    # gradio hands the functions of a component the request as it is.
    account: str | None = request.scope.get(ACCOUNT)
    return account
