"""The public names are the ones that are meant; ``make check`` holds the imports to their layers."""

from pathlib import Path

import rag

ROOT = Path(__file__).resolve().parent.parent


def test_public_names_are_sorted_and_complete() -> None:
    modules = {path.stem for path in (ROOT / "rag").iterdir()} | {"ui", "eval", "corpus"}
    public = {name for name in vars(rag) if not name.startswith("_")} - modules
    assert rag.__all__ == sorted(public)
