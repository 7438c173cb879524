"""Serve the page, by default to this machine only; nothing is fetched from other servers."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from importlib.resources import files
from pathlib import Path

import gradio as gr
from starlette.middleware import Middleware

from rag import InputError

from .http_api.guard import ApiGuard
from .http_api.keys import ApiKeys
from .http_api.mounted import ApiMiddleware, collections_app, paths_of
from .http_api.server import ApiAccess
from .memory import trim_periodically
from .page import build_page
from .security.accounts import AccessPolicy
from .security.checks import Traffic
from .security.headers import SecurityHeadersMiddleware
from .security.limits import Limits
from .security.middleware import AccessMiddleware
from .security.session import current_account
from .security.tls import TlsFiles
from .services.collections import Collections
from .services.document_reader import DocumentReader
from .services.index_queue import IndexQueue
from .services.upload_folder import upload_folder

STATIC = files("rag.ui.static")

SYSTEM_FONTS = ["ui-sans-serif", "system-ui", "sans-serif"]
MONOSPACE_FONTS = ["ui-monospace", "monospace"]

#: Seconds between two cleanups, and the age in seconds at which an upload is deleted.
UPLOAD_CLEANUP = (600, 24 * 3600)

#: Seconds between two messages that tell each waiting page its place in the queue. Gradio's default, a message to all
#: of them at every answer, takes 5% of the processor with 50 of them.
STATUS_UPDATES = 1.0

#: Sessions whose state is kept in memory.
MAX_SESSIONS = 1_000

#: Environment variables read by gradio and uvicorn.
ENVIRONMENT = {
    # After each event gradio tabulates all earlier ones for a monitoring page, which is not served.
    "GRADIO_ANALYTICS_MAX_EVENTS": "1",
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": str(sys.maxsize),
    # Trust no X-Forwarded-For header, unless the user names a reverse proxy in this variable.
    "FORWARDED_ALLOW_IPS": "",
}


def start(
    collections: Collections,
    host: str = "127.0.0.1",
    port: int = 7860,
    *,
    access: AccessPolicy | None = None,
    keys: ApiKeys | None = None,
    limits: Limits | None = None,
    tls: TlsFiles | None = None,
) -> gr.Blocks:
    """Start serving in the background; call ``.close()`` on the result to stop.

    Args:
        collections: Collections that the page offers.
        host, port: Address to listen on; port 0 takes a free one, which is then ``server_port`` of the result.
        access: Who may use the server; None admits any user of this machine.
        keys: Keys of the API, which needs one as soon as there is one, or a login; none if None.
        limits: Limits on requests and uploads; None for the defaults.
        tls: Certificate and key; None to serve plain HTTP.

    Raises:
        InputError: The port is invalid, taken or not permitted, or the access policy does not suit the host; see
            ``AccessPolicy.check``; or keys would pass unencrypted.
    """
    if not 0 <= port < 65_536:
        raise InputError(f"there is no port {port}; choose one between 1 and 65535 with --port, or 0 for a free one")
    access, keys, limits = access or AccessPolicy(), keys or ApiKeys(), limits or Limits()
    access.check(host)
    if keys:
        ApiAccess(keys, access.allowed_hosts, tls, access.plain_http).check(host)
    port = _usable_port(host, port)
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    uploads = upload_folder()
    jobs = IndexQueue()
    if access.accounts:
        collections = collections.with_accounts(current_account, access.accounts)
    page = build_page(collections, jobs, DocumentReader(collections))
    page.delete_cache = UPLOAD_CLEANUP
    page.queue(max_size=limits.waiting, default_concurrency_limit=limits.at_once, status_update_rate=STATUS_UPDATES)
    middleware = _middleware(page, collections, host, uploads, access=access, keys=keys, limits=limits)
    try:
        page.launch(
            server_name=f"[{host.strip('[]')}]" if ":" in host else host,
            server_port=port,
            auth=access.allows if access.accounts else None,
            app_kwargs={"middleware": middleware},
            max_file_size=limits.file_bytes,
            ssl_certfile=str(tls.certificate) if tls else None,
            ssl_keyfile=str(tls.key) if tls else None,
            # gradio asks its own server whether it is up; the certificate need not name this address.
            ssl_verify=False,
            state_session_capacity=MAX_SESSIONS,
            allowed_paths=[],
            strict_cors=True,
            mcp_server=False,
            share=False,
            quiet=True,
            prevent_thread_lock=True,
            ssr_mode=False,
            pwa=False,
            run_history=False,
            enable_monitoring=False,
            footer_links=[],
            theme=gr.themes.Base(font=SYSTEM_FONTS, font_mono=MONOSPACE_FONTS),
            css=_styles(),
            js=_script(),
        )
    except OSError as error:
        page.close(verbose=False)
        raise InputError(f"the server on port {port} did not start in time; try again") from error
    # In the background: a store may take long not to answer.
    threading.Thread(target=collections.purge, daemon=True, name="purge").start()
    jobs.resume((each.id, each.files, each.index, each.store) for each in collections.list() if each.files)
    return page


def _middleware(
    page: gr.Blocks,
    collections: Collections,
    host: str,
    uploads: Path,
    *,
    access: AccessPolicy,
    keys: ApiKeys,
    limits: Limits,
) -> list[Middleware]:
    """What a request passes before gradio sees it. The requests of the API end there."""
    traffic, api = Traffic(limits), collections_app(collections, limits)
    guard = ApiGuard(
        api, keys=keys, limits=limits, host=host, allowed_hosts=access.allowed_hosts,
        has_accounts=bool(access.accounts), traffic=traffic,
    )  # fmt: skip
    pages = frozenset(f"/{name}" for name, *_ in page.pages) | {"/"}
    return [
        Middleware(SecurityHeadersMiddleware),
        Middleware(ApiMiddleware, api=guard, paths=paths_of(api)),
        Middleware(
            AccessMiddleware, access=access, limits=limits, host=host, uploads=uploads, pages=pages, traffic=traffic
        ),
    ]


def _usable_port(host: str, port: int) -> int:
    """The port, or a free one for 0."""
    address = host.strip("[]")
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
            return int(probe.getsockname()[1])
    except OSError as error:
        raise InputError(f"port {port} on {host} is taken or not allowed; choose another one with --port") from error


def serve(
    collections: Collections,
    host: str = "127.0.0.1",
    port: int = 7860,
    *,
    access: AccessPolicy | None = None,
    keys: ApiKeys | None = None,
    limits: Limits | None = None,
    tls: TlsFiles | None = None,
) -> None:
    """Serve until interrupted or terminated; see ``start``."""
    page = start(collections, host, port, access=access, keys=keys, limits=limits, tls=tls)
    # Exit in order, so that the upload folder is removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    trim_periodically()
    url_host = f"[{host.strip('[]')}]" if ":" in host else host
    print(f"Serving on {'https' if tls else 'http'}://{url_host}:{page.server_port} - Ctrl-C stops", flush=True)
    page.block_thread()


def _script() -> str:
    """The script of the page: one function, which gets the functions of the other files."""
    page, filters, reader = (
        _function((STATIC / f"{name}.js").read_text(encoding="utf-8")) for name in ("page", "filters", "reader")
    )
    return f"() => ({page})({{ createFilters: {filters}, createReader: {reader} }})"


def _function(source: str) -> str:
    """The function expression of a script, without the comment above it."""
    return source[source.index("({") :].strip()


def _styles() -> str:
    """Style sheets of the page and its tabs, in one string."""
    sheets = sorted(
        (path for path in STATIC.iterdir() if path.name.endswith(".css")),
        key=lambda path: path.name,
    )
    return "\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
