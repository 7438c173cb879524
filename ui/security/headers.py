"""Security response headers: the page loads and runs only what this server sends."""

from __future__ import annotations

import base64
import hashlib
import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Headers of every response.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # The page's links contain questions.
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

#: gradio's frontend compiles functions from strings (``unsafe-eval``) and sets style attributes; its inline scripts are
#: allowed by their hashes.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-eval'{hashes}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' blob:; connect-src 'self'; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)

#: Policy of uploaded files: they run nothing.
FILE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"

FILES = "/gradio_api/file="
CACHED_PREFIXES = ("/assets/", "/static/")

#: A script without ``src``. A tag ends at the next bracket and an unclosed script at the end of the page, so that the
#: time is linear.
INLINE_SCRIPT = re.compile(rb"<script(?![^<>]*\ssrc=)[^<>]*+>(.*?)(?:</script>|\Z)", re.DOTALL | re.IGNORECASE)


class SecurityHeadersMiddleware:
    """Add the security headers; an HTML page's policy allows its own inline scripts by hash.

    Args:
        app: The application to wrap.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        page: list[bytes] = []
        start: Message | None = None

        async def sender(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                _add(headers, scope["path"])
                if headers.get("content-type", "").startswith("text/html"):
                    # Sent only after the whole body, whose scripts have to be hashed for the header.
                    start = message
                    return
            elif start is not None and message["type"] == "http.response.body":
                page.append(message.get("body", b""))
                if message.get("more_body"):
                    return
                html = b"".join(page)
                MutableHeaders(scope=start)["Content-Security-Policy"] = policy(html)
                await send(start)
                message, start = {**message, "body": html}, None
            await send(message)

        await self.app(scope, receive, sender)


def policy(html: bytes) -> str:
    """Content-Security-Policy of a page, which allows exactly its own inline scripts."""
    digests = sorted({hashlib.sha256(script).digest() for script in INLINE_SCRIPT.findall(html)})
    return POLICY.format(hashes="".join(f" 'sha256-{base64.b64encode(each).decode()}'" for each in digests))


def _add(headers: MutableHeaders, path: str) -> None:
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    headers["Content-Security-Policy"] = FILE_POLICY if path.startswith(FILES) else POLICY.format(hashes="")
    if not path.startswith(CACHED_PREFIXES):
        headers.setdefault("Cache-Control", "no-store")
