"""``rag completion``: a script that completes commands and options in the shell."""

from __future__ import annotations

import argparse
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


def add_parser(subparsers: Subparsers, completed: argparse.ArgumentParser) -> None:
    """Add ``rag completion``, which completes the commands of the parser ``completed``."""
    parser = add_command(subparsers, "completion", "print a script that completes commands in the shell", EXAMPLES)
    parser.add_argument("shell", choices=("bash", "zsh", "fish", "tcsh"), help="the shell")
    parser.set_defaults(run=partial(run, completed))


def run(completed: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    """Print the script."""
    import shtab

    print(shtab.complete(completed, shell=args.shell))
    return 0
