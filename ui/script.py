"""Connect components and events of the page to ``page.js``.

Gradio runs ``page.js`` once all components are there. Calls made earlier, by a component that has just been loaded or
by a user who does not wait, are queued for it.
"""

from __future__ import annotations

import json

QUEUE = "(window.ragCalls ??= [])"


def component_script(kind: str, *events: str) -> str:
    """The script that registers a component as a ``kind``.

    Gradio looks in it for the quoted names of the component's events.
    """
    names = " ".join(f'"{event}"' for event in events)
    return f'{QUEUE}.push(["{kind}", [element, trigger, server]])  // {names}'


def event_script(name: str) -> str:
    """The script of an event: passes its values through a function of ``page.js``."""
    return f'(...values) => new Promise((...settle) => {QUEUE}.push(["{name}", values, ...settle]))'


def focus_script(selector: str) -> str:
    """The script of an event: moves the focus to an element, once it is shown."""
    return f'() => void {QUEUE}.push(["moveFocus", [{json.dumps(selector)}]])'
