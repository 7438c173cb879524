"""``rag completion``: a script that completes commands and options in the shell."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from .common import add_command

if TYPE_CHECKING:
    from .common import Subparsers

EXAMPLES = """\
  rag completion bash > ~/.local/share/bash-completion/completions/rag
  rag completion zsh > ~/.zsh/completions/_rag              # a folder in $fpath
  rag completion fish > ~/.config/fish/completions/rag.fish
"""

#: Parts of the names of values that are files.
FILES = ("FILE", "PATH", "QUESTIONS", ".json")


def add_parser(subparsers: Subparsers, completed: argparse.ArgumentParser) -> None:
    """Add ``rag completion``, which completes the commands of the parser ``completed``."""
    parser = add_command(subparsers, "completion", "print a script that completes commands in the shell", EXAMPLES)
    parser.add_argument("shell", choices=("bash", "zsh", "fish", "tcsh"), help="the shell")
    parser.set_defaults(run=partial(run, completed))


def run(completed: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    """Print the script."""
    import shtab

    for action in _values(completed):
        # What shtab offers for the value; choices it knows by itself.
        action.complete = _offered(action)  # type: ignore[attr-defined]
    print(shtab.complete(completed, shell=args.shell))
    return 0


def _values(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """The arguments of a parser and of its commands that take a free value."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                yield from _values(each)
        elif action.choices is None and action.nargs != 0:
            yield action


def _offered(action: argparse.Action) -> dict[str, str | dict[str, str]]:
    """What may stand for a value, by its name in the help."""
    import shtab

    name = str(action.metavar)
    if name == "DIR":
        return shtab.DIRECTORY
    if any(part in name for part in FILES):
        return shtab.FILE
    # An empty list: with nothing at all, zsh would show the help of the argument instead of completing an option.
    return {"zsh": "()"}
