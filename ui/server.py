"""Serving the page: on this machine alone unless told otherwise, with nothing fetched from anywhere else."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from functools import cache
from importlib.resources import files
from pathlib import Path

import gradio as gr
from starlette.middleware import Middleware

from rag import InputError

from .memory import keep_small
from .page import build_page
from .security.accounts import Access
from .security.headers import SecureHeaders
from .security.limits import Limits
from .security.middleware import Guard
from .services.collections import Collections
from .services.index_jobs import Jobs

STATIC = files("rag.ui.static")

SYSTEM_FONTS = ["ui-sans-serif", "system-ui", "sans-serif"]
MONOSPACE_FONTS = ["ui-monospace", "monospace"]

#: Uploads older than the second are deleted, looked for after every so many seconds of the first.
CLEANING = (600, 24 * 3600)

#: Sessions whose state is kept.
SESSIONS = 1_000

#: Read from the environment by gradio and uvicorn.
SETTINGS = {
    # After each event a table of all events before it is made, for a monitoring page that is not served.
    "GRADIO_ANALYTICS_MAX_EVENTS": "1",
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": str(sys.maxsize),
    # Whom to believe when it says for which client it asks: nobody, unless the user names a reverse proxy here.
    "FORWARDED_ALLOW_IPS": "",
}


def start(
    collections: Collections,
    host: str = "127.0.0.1",
    port: int = 7860,
    *,
    access: Access | None = None,
    limits: Limits | None = None,
) -> gr.Blocks:
    """Start serving in the background; ``.close()`` on what is returned stops it.

    Args:
        collections: What is asked.
        host, port: Where to listen.
        access: Who may ask; anybody on this machine where it is None.
        limits: How much each may ask.

    Raises:
        InputError: There is no such port, it is taken or not allowed, or others could reach the server and it is not
            said who may.
    """
    if not 0 < port < 65_536:
        raise InputError(f"there is no port {port}; choose one between 1 and 65535 with --port")
    access, limits = access or Access(), limits or Limits()
    access.check(host)
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    uploads = upload_folder()
    page = build_page(collections, Jobs())
    page.delete_cache = CLEANING
    page.queue(max_size=limits.waiting, default_concurrency_limit=limits.at_once)
    paths = frozenset(f"/{name}" for name, *_ in page.pages) | {"/"}
    guard = Middleware(Guard, access=access, limits=limits, host=host, uploads=uploads, pages=paths)
    try:
        page.launch(
            server_name=f"[{host.strip('[]')}]" if ":" in host else host,
            server_port=port,
            auth=access.allows if access.accounts else None,
            app_kwargs={"middleware": [Middleware(SecureHeaders), guard]},
            max_file_size=limits.file_bytes,
            state_session_capacity=SESSIONS,
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
            js=(STATIC / "page.js").read_text(encoding="utf-8"),
        )
    except OSError as error:
        page.close(verbose=False)
        raise InputError(f"port {port} on {host} is taken or not allowed; choose another one with --port") from error
    return page


def serve(
    collections: Collections,
    host: str = "127.0.0.1",
    port: int = 7860,
    *,
    access: Access | None = None,
    limits: Limits | None = None,
) -> None:
    """Serve until interrupted or terminated; see ``start``."""
    page = start(collections, host, port, access=access, limits=limits)
    # So that the upload folder is removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    keep_small()
    shown = f"[{host.strip('[]')}]" if ":" in host else host
    print(f"Serving on http://{shown}:{port} - Ctrl-C stops", flush=True)
    page.block_thread()


def upload_folder() -> Path:
    """Where uploads of this process land, which no other user may read; removed when the process ends."""
    return Path(_folder().name)


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory(prefix="rag-uploads-")
    os.environ["GRADIO_TEMP_DIR"] = folder.name
    return folder


def _styles() -> str:
    """The style sheets of the page and of its tabs."""
    sheets = sorted(
        (path for path in STATIC.iterdir() if path.name.endswith(".css")),
        key=lambda path: path.name,
    )
    return "\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
