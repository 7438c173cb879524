"""``rag completion``: a script that completes commands and options in the shell."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .common import add_command

if TYPE_CHECKING:
    from .common import Subparsers

EXAMPLES = """\
  rag completion bash > ~/.local/share/bash-completion/completions/rag
  rag completion zsh > ~/.zsh/completions/_rag              # a folder in $fpath
"""


def add_parser(subparsers: Subparsers) -> None:
    """Add ``rag completion``."""
    parser = add_command(subparsers, "completion", "print a script that completes commands in the shell", EXAMPLES)
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"), help="the shell")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    import shtab

    from . import build_parser

    print(shtab.complete(build_parser(), shell=args.shell))
    return 0
