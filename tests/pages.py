"""Pages of the browser that one test after another uses: opening a new one takes most of the time of a short test."""

from typing import Any

from playwright.sync_api import Browser, Page

from tests.waiting import PATIENCE

#: One page for each setting of ``bypass_csp``: those of the running test, and those that wait for the next.
_used: dict[bool, Page] = {}
_free: dict[bool, Page] = {}

#: Nothing that the page still does can fill the storage again.
CLEAR = "() => { Storage.prototype.setItem = () => {}; localStorage.clear(); sessionStorage.clear(); }"


def new_page(browser: Browser, **options: Any) -> Page:
    """A page in a context of its own, with Playwright's ``options``."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE * 1_000)
    return context.new_page()


def blank_page(
    browser: Browser, width: int = 1440, height: int = 900, *, scheme: str = "light", bypass_csp: bool = False
) -> Page:
    """A blank page without cookies, storage or permissions; the second one in a test has its own context."""
    page = _free.pop(bypass_csp, None) or new_page(browser, bypass_csp=bypass_csp)
    _used.setdefault(bypass_csp, page)
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    return page


def new_tab(browser: Browser) -> Page:
    """A blank page with a history of its own, in the context of ``blank_page``, whose cache holds the scripts."""
    return blank_page(browser).context.new_page()


def release_pages(browser: Browser) -> None:
    """Clear the pages that can be used again, and close all others; they would go on in the background."""
    kept = {id(page.context) for page in (*_used.values(), *_free.values())}
    for context in browser.contexts:
        if id(context) not in kept:
            context.close()
    for bypass_csp, page in _used.items():
        _clear(page)
        _free[bypass_csp] = page
    _used.clear()


def _clear(page: Page) -> None:
    for each in page.context.pages:
        each.unroute_all(behavior="ignoreErrors")
        if each.url.startswith("http"):
            each.evaluate(CLEAR)
        if each is not page:
            each.close()
    page.goto("about:blank")
    page.mouse.move(0, 0)
    page.context.clear_cookies()
    page.context.clear_permissions()
