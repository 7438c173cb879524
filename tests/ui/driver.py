"""Open the page on a free port, and do what a reader does in it."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, Request, expect
from rag.ui import start
from rag.ui.services.collections import Collections

from tests.pages import blank_page
from tests.waiting import PATIENCE

BORDER = "How long is the border between Kazakhstan and Russia?"
PRESIDENT = "Who is the president of Uzbekistan?"
WAGONS = "How many wagons did ferries carry across the Caspian?"
WAGONS_LINK = "?collection=reports&q=" + WAGONS.replace(" ", "+")
SCREENSHOTS = Path(__file__).resolve().parents[2] / "screenshots"
#: The narrow variant is slow. Where more than the layout differs on a phone, tests name both widths themselves.
WIDTHS = pytest.mark.parametrize("width", [1440, pytest.param(360, marks=pytest.mark.slow)])

#: Only the first layout runs in the quick suite.
LAYOUTS = pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (1440, "light"),
        *(pytest.param(*each, marks=pytest.mark.slow) for each in ((360, "dark"), (1440, "dark"), (360, "light"))),
    ],
)

#: Of a module whose tests all drive the page in the browser.
BROWSER_MARKS = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]


def free_port() -> int:
    """A free port that no other worker of the test run chooses before the server is there."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            # Halved, because the system may give odd ports only.
            if free.getsockname()[1] // 2 % 4 == worker % 4:
                return int(free.getsockname()[1])


@contextmanager
def serve(collections: Collections, **options: Any) -> Iterator[str]:
    """Serve on a free port; yield the address."""
    port = free_port()
    server = start(collections, port=port, **options)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.close(verbose=False)


def open_page(
    browser: Browser,
    address: str,
    width: int = 1440,
    height: int = 900,
    *,
    scheme: str = "light",
    query: str = "",
    bypass_csp: bool = False,
) -> Page:
    """Open the page; record its requests to other servers in ``page.outside``, its errors in ``page.errors``."""
    page = blank_page(browser, width, height, scheme=scheme, bypass_csp=bypass_csp)
    if not hasattr(page, "outside"):
        page.on("request", lambda r: r.url.startswith(page.inside) or page.outside.append(r.url))  # type: ignore[attr-defined]
        page.on("console", lambda m: page.errors.append(m.text) if m.type == "error" else None)  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.errors.append(str(error)))  # type: ignore[attr-defined]
    page.inside = (address.partition("?")[0], "data:", "blob:")  # type: ignore[attr-defined]
    page.outside, page.errors = [], []  # type: ignore[attr-defined]
    page.goto(address + query)
    expect(question_field(page)).to_be_focused()
    return page


def question_field(page: Page) -> Locator:
    return page.locator("#question textarea, #question input")


def ask(page: Page, question: str) -> None:
    question_field(page).fill(question)
    page.keyboard.press("Enter")


def quote(page: Page) -> Locator:
    return page.locator(".card .quote")


def ask_border(page: Page) -> None:
    """Ask for the border, and wait for the answer."""
    ask(page, BORDER)
    expect(quote(page)).to_have_text("7,644 km")


def record_questions(page: Page) -> list[str]:
    """The bodies of the requests that the page puts into the server's queue from now on."""
    sent: list[str] = []
    page.on("request", lambda each: sent.append(each.post_data or "") if "queue/join" in each.url else None)
    return sent


def page_until(page: Page, condition: Callable[[], Any], timeout: float = PATIENCE) -> None:
    """Let the page go on until the condition holds."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"the condition was not met within {timeout} seconds"
        page.wait_for_timeout(20)


@contextmanager
def all_answered(page: Page) -> Iterator[None]:
    """Wait until the server has answered the events that the page sends: a late answer would undo what comes next."""
    pending: list[Request] = []
    streams: list[Request] = []

    def begin(request: Request) -> None:
        if "/queue/" in request.url:
            pending.append(request)

    def end(request: Request) -> None:
        # Not a request of the page before this one.
        if request in pending:
            pending.remove(request)
            streams.extend([request] if "/queue/data" in request.url else [])

    def is_idle() -> bool:
        if pending or not streams:
            return False
        # Events that follow others are sent once those are answered, and open another stream.
        page.evaluate("() => new Promise((idle) => requestIdleCallback(idle))")
        return not pending

    # The server ends the stream of answers after the last one, or the page does when it has received that.
    listeners = [("request", begin), ("requestfinished", end), ("requestfailed", end)]
    for event, listener in listeners:
        page.on(event, listener)  # type: ignore[call-overload]
    yield
    page_until(page, is_idle)
    for event, listener in listeners:
        page.remove_listener(event, listener)


def finish_animations(page: Page) -> None:
    page.evaluate("""() => Promise.all(document.getAnimations()
        .filter((each) => each.effect.getComputedTiming().endTime !== Infinity)
        .map((each) => each.finished.catch(() => {})))""")


def violations(page: Page) -> list[tuple[str, str]]:
    """What axe finds that is serious or critical: its rule, and the first element."""
    return [
        (each["id"], each["nodes"][0]["html"][:200])
        for each in Axe().run(page).response["violations"]
        if each["impact"] in ("serious", "critical")
    ]


def screenshot(page: Page, name: str) -> None:
    """Keep a picture of the page for ``make pictures``; taking it costs half a second."""
    if "PICTURES" not in os.environ:
        return
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True, animations="disabled")
