"""Serving the page: on this machine alone unless told otherwise, with nothing fetched from anywhere else."""

from __future__ import annotations

from importlib.resources import files

import gradio as gr

from rag import Assistant, InputError

from .page import build_page

#: Questions that are worked on at once; the others wait.
AT_ONCE = 4

SYSTEM_FONTS = ["ui-sans-serif", "system-ui", "sans-serif"]
MONOSPACE_FONTS = ["ui-monospace", "monospace"]


def start(assistant: Assistant, host: str = "127.0.0.1", port: int = 7860, examples: tuple[str, ...] = ()) -> gr.Blocks:
    """Start serving in the background; ``.close()`` on what is returned stops it.

    Args:
        assistant: Answers the questions.
        host, port: Where to listen.
        examples: Questions to click on.

    Raises:
        InputError: There is no such port, or it is taken or not allowed.
    """
    if not 0 < port < 65_536:
        raise InputError(f"there is no port {port}; choose one between 1 and 65535 with --port")
    page = build_page(assistant, examples)
    page.queue(default_concurrency_limit=AT_ONCE)
    try:
        page.launch(
            server_name=host,
            server_port=port,
            share=False,
            quiet=True,
            prevent_thread_lock=True,
            ssr_mode=False,
            pwa=False,
            run_history=False,
            enable_monitoring=False,
            footer_links=[],
            theme=gr.themes.Base(font=SYSTEM_FONTS, font_mono=MONOSPACE_FONTS),
            css=(files("rag.ui") / "style.css").read_text(encoding="utf-8"),
        )
    except OSError as error:
        page.close(verbose=False)
        raise InputError(f"port {port} on {host} is taken or not allowed; choose another one with --port") from error
    return page


def serve(assistant: Assistant, host: str = "127.0.0.1", port: int = 7860, examples: tuple[str, ...] = ()) -> None:
    """Serve until interrupted; see ``start``."""
    page = start(assistant, host, port, examples)
    print(f"Serving on http://{host}:{port} - Ctrl-C stops", flush=True)
    page.block_thread()
