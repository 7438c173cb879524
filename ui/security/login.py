"""The login form, shown to any browser without a session."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FORM = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Log in</title>
<style>
:root {{ color-scheme: light dark; font: 1rem/1.5 ui-sans-serif, system-ui, sans-serif }}
body {{ margin: 12vh auto; max-width: 20rem; padding: 0 1rem }}
label, input, button {{ display: block; width: 100%; box-sizing: border-box; font: inherit }}
input, button {{ margin: .25rem 0 1rem; padding: .5rem .75rem }}
</style>
</head>
<body>
<main>
<h1>Log in</h1>
<p role="status">{message}</p>
<form method="post" action="{action}">
<label for="username">User</label>
<input id="username" name="username" autocomplete="username" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button type="submit">Log in</button>
</form>
</main>
</body>
</html>
"""

LOGIN_REQUIRED = "This page requires an account."
LOGIN_FAILED = "User or password is wrong. Try again."


def session_account(scope: Scope, headers: Headers) -> str | None:
    """The account whose session cookie, which gradio sets at login, a request carries; None without a valid one."""
    app = scope["app"]
    try:
        cookies: SimpleCookie = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return None
    names = (f"access-token-{app.cookie_id}", f"access-token-unsecure-{app.cookie_id}")
    found = (app.tokens.get(cookies[name].value) for name in names if name in cookies)
    return next((str(account) for account in found if account is not None), None)


def accepts_html(headers: Headers) -> bool:
    """Whether the client is a browser asking for a page rather than a program asking for data."""
    return "text/html" in headers.get("accept", "")


def form(root: str, message: str = LOGIN_REQUIRED) -> Response:
    """Login form."""
    page = FORM.format(message=message, action=f"{root}/login")
    # With "no-referrer" the browser sends "Origin: null" with the form, which the origin check refuses.
    return HTMLResponse(page, status_code=401, headers={"Referrer-Policy": "same-origin"})


def login_required(scope: Scope, headers: Headers) -> Response:
    """Response to any request without a session."""
    if accepts_html(headers):
        return form(scope.get("root_path", ""))
    return JSONResponse({"detail": LOGIN_REQUIRED}, status_code=401)


async def account_of(scope: Scope, receive: Receive) -> str:
    """The account that a login request names; empty if it is malformed."""
    try:
        form = await Request(scope, receive).form(max_files=0)
    except HTTPException:
        return ""
    return str(form.get("username", "")).strip()


async def log_in(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> bool:
    """Let gradio check user and password; redirect a browser to the page, or show it the form again.

    Returns:
        Whether the login succeeded.
    """
    answer: dict[str, Any] = {}
    is_browser = accepts_html(Headers(scope=scope))

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.update(message)
        if not is_browser:
            await send(message)

    await app(scope, receive, keep)
    succeeded: bool = answer["status"] == 200
    if not is_browser:
        return succeeded
    root = scope.get("root_path", "")
    if succeeded:
        response: Response = RedirectResponse(f"{root}/", status_code=303)
        response.raw_headers += [pair for pair in answer["headers"] if pair[0].lower() == b"set-cookie"]
    else:
        response = form(root, LOGIN_FAILED)
    await response(scope, receive, send)
    return succeeded
