"""The header, the examples and the keyboard help, as HTML."""

from __future__ import annotations

from collections.abc import Sequence

from .render import render


def header_html() -> str:
    """The page's heading."""
    return render("header")


def account_html(account: str) -> str:
    """Who is logged in, and a link to log out."""
    return render("account", account=account)


def contents_html(contents: str) -> str:
    """What the chosen collection holds, or why it cannot be asked."""
    return render("contents", contents=contents)


def examples_html(collection: str, questions: Sequence[str]) -> str:
    """Example questions to click on.

    Args:
        collection: Id of the collection that answers them.
        questions: The questions; there may be none.
    """
    return render("examples", collection=collection, questions=questions)


def keyboard_help_html() -> str:
    """The keyboard shortcuts."""
    return render("keyboard_help")
