"""How the parts of the page and its events reach ``page.js``: gradio runs it when all parts are there, and what comes
earlier, from a part that is loaded or from somebody who does not wait, is kept for it."""

from __future__ import annotations

CALLS = "(window.ragCalls ??= [])"


def part(kind: str, *events: str) -> str:
    """The script of a part: it hands itself over as a ``kind``; gradio wants the names of its events quoted here."""
    names = " ".join(f'"{event}"' for event in events)
    return f'{CALLS}.push(["{kind}", [element, trigger]])  // {names}'


def step(name: str) -> str:
    """The script of an event: what ``page.js`` makes of its values, as soon as it is there."""
    return f'(...given) => new Promise((...ends) => {CALLS}.push(["{name}", given, ...ends]))'
