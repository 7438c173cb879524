"""The public names are the ones that are meant; ``make check`` holds the imports to their layers."""

import ast
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import rag.index

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("package", ["rag", "rag.formats", "rag.index"])
def test_all_names_of_a_stub_can_be_imported(package: str) -> None:
    module = import_module(package)
    stub = ast.parse(Path(module.__file__ or "").with_suffix(".pyi").read_text())
    (names,) = (each.value for each in stub.body if isinstance(each, ast.Assign))
    assert sorted(ast.literal_eval(names)) == module.__all__
    assert all(hasattr(module, name) for name in module.__all__)


def test_function_hides_the_module_of_its_name() -> None:
    import_module("rag.index.verify")
    assert callable(rag.index.verify)


def test_every_folder_with_code_is_packaged() -> None:
    packages = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    folders = {path.parent.relative_to(ROOT) for top in ("rag", "ui", "eval") for path in (ROOT / top).rglob("*.py")}
    names = {".".join(folder.parts if folder.parts[0] == "rag" else ("rag", *folder.parts)) for folder in folders}
    assert names - packages == set()
