"""The public names are the ones that are meant; ``make check`` holds the imports to their layers."""

import tomllib
from pathlib import Path

import rag

ROOT = Path(__file__).resolve().parent.parent


def test_public_names_are_sorted_and_complete() -> None:
    modules = {path.stem for path in (ROOT / "rag").iterdir()} | {"ui", "eval", "corpus"}
    public = {name for name in vars(rag) if not name.startswith("_")} - modules
    assert rag.__all__ == sorted(public)


def test_every_folder_with_code_is_packaged() -> None:
    packages = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    folders = {path.parent.relative_to(ROOT) for top in ("rag", "ui", "eval") for path in (ROOT / top).rglob("*.py")}
    names = {".".join(folder.parts if folder.parts[0] == "rag" else ("rag", *folder.parts)) for folder in folders}
    assert names - packages == set()
