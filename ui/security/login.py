"""Logging in: whoever has not done so gets this form and nothing else."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import Any

from starlette.datastructures import Headers
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

ASKED = "This page is only for those who have an account."
WRONG = "User or password is wrong. Try again."


def is_logged_in(scope: Scope, headers: Headers) -> bool:
    """Whether the request carries a session cookie that gradio gave to somebody who logged in."""
    app = scope["app"]
    try:
        cookies: SimpleCookie = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return False
    names = (f"access-token-{app.cookie_id}", f"access-token-unsecure-{app.cookie_id}")
    return any(cookies[name].value in app.tokens for name in names if name in cookies)


def is_page_wanted(headers: Headers) -> bool:
    """Whether a browser asks for something to show, and not a program for data."""
    return "text/html" in headers.get("accept", "")


def form(root: str, message: str = ASKED) -> Response:
    """The form."""
    page = FORM.format(message=message, action=f"{root}/login")
    # Without a referrer the browser would not say where the form was sent from.
    return HTMLResponse(page, status_code=401, headers={"Referrer-Policy": "same-origin"})


def closed(scope: Scope, headers: Headers) -> Response:
    """What somebody who has not logged in gets, whatever was asked for."""
    if is_page_wanted(headers):
        return form(scope.get("root_path", ""))
    return JSONResponse({"detail": ASKED}, status_code=401)


async def log_in(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Let gradio check user and password; a browser is led on to the page, or shown the form again."""
    if not is_page_wanted(Headers(scope=scope)):
        await app(scope, receive, send)
        return
    answer: dict[str, Any] = {}

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.update(message)

    await app(scope, receive, keep)
    root = scope.get("root_path", "")
    if answer["status"] == 200:
        response: Response = RedirectResponse(f"{root}/", status_code=303)
        response.raw_headers += [pair for pair in answer["headers"] if pair[0].lower() == b"set-cookie"]
    else:
        response = form(root, WRONG)
    await response(scope, receive, send)
