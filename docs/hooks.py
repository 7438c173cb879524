"""MkDocs hooks: generate the command and API reference, include files of the project, add the README's pictures."""

import argparse
import os
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

import rag
from rag.cli import build_parser

ROOT = Path(__file__).resolve().parent.parent
PICTURES = (
    "ui/pictures/answer.png",
    "ui/pictures/source.png",
    "ui/pictures/table-source.png",
    "ui/pictures/ocr-source.png",
    "eval/pictures/report.png",
)

COMMANDS, PUBLIC_NAMES = "<!-- commands -->", "<!-- public names -->"
INCLUDE = re.compile(r"<!-- include: (\S+) -->")

#: Sections of the API reference by the room that a name comes from; any other room gets a section of its own name.
SECTIONS = {
    "assistant": "Asking",
    "retrieval": "Retrieving",
    "index": "Indexing",
    "types": "Values",
    "text": "Passages",
    "embedding": "Embedding",
    "reading": "Reading",
    "errors": "Errors",
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pictures, which belong to the code that they show, under ``pictures/``."""
    for picture in PICTURES:
        path = ROOT / picture
        files.append(File.generated(config, f"pictures/{path.name}", abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Replace the markers for generated text and for included files."""
    markdown = INCLUDE.sub(lambda marker: (ROOT / marker[1]).read_text(encoding="utf-8").rstrip(), markdown)
    if COMMANDS in markdown:
        markdown = markdown.replace(COMMANDS, commands())
    if PUBLIC_NAMES in markdown:
        markdown = markdown.replace(PUBLIC_NAMES, public_names())
    return markdown


def commands() -> str:
    """Return the help of every command, as `rag COMMAND --help` prints it on 84 columns."""
    os.environ.update(COLUMNS="84", NO_COLOR="1")
    parser = build_parser()
    (subparsers,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    helps = {"rag": parser.format_help()}
    helps |= {f"rag {name}": command.format_help() for name, command in subparsers.choices.items()}
    return "\n\n".join(f"## {name}\n\n```text\n{text.strip()}\n```" for name, text in helps.items())


def public_names() -> str:
    """Return a mkdocstrings directive for each name of ``rag.__all__``, in sections."""
    sections: dict[str, list[str]] = {title: [] for title in SECTIONS.values()}
    for name in rag.__all__:
        module = getattr(rag, name).__module__
        room = module.split(".")[1]
        # ``rag.verify`` is a function, which the static reader takes for the module of the same name.
        path = f"{module}.{name}" if module.endswith(f".{name}") else f"rag.{name}"
        sections.setdefault(SECTIONS.get(room, room.capitalize()), []).append(f"::: {path}")
    return "\n\n".join("\n\n".join([f"## {title}", *names]) for title, names in sections.items() if names)
