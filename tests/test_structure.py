"""Imports run one way, and the public names are the ones that are meant."""

import ast
from pathlib import Path

import pytest

import rag

ROOT = Path(__file__).resolve().parent.parent

#: Lower layers know nothing of higher ones.
LAYERS = [
    {"types", "errors", "locations", "terminal"},
    {"tokens", "segmentation", "formats", "filters", "decoding", "windows", "shortlist"},
    {"documents", "chunking"},
    {"encoder", "vectors", "lexical", "confidence", "ranking", "span_model", "span_finder", "watch"},
    {"index"},
    {"retriever", "reader"},
    {"assistant", "originals"},
    {"serialize", "quotes"},
    {"quote_check"},
    {"eval"},
    {"ui", "training"},
    {"cli"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}

#: Importing these takes seconds, so it happens where they are used.
HEAVY = {"torch", "sentence_transformers", "transformers", "faiss", "gradio", "sklearn", "matplotlib"}


def _imports(path: Path) -> set[str]:
    """The modules of this package that a file imports, at the top or inside."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == 1 and path.parent == ROOT / "rag":
            found |= {node.module.split(".")[0]} if node.module else {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 2:
            found.add((node.module or "").split(".")[0])
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rag."):
            found.add((node.module or "").split(".")[1])
    return found


#: A module is in the layer of its name, a module of a package in that of the package.
MODULES = {
    path: path.stem if path.parent == ROOT / "rag" else path.parent.name
    for path in sorted([*(ROOT / "rag").glob("*.py"), *(ROOT / "rag").glob("*/*.py")])
    if path != ROOT / "rag" / "__init__.py" and path.parent.name not in ("data", "corpus")
}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_from_its_own_layer_or_below(path: Path) -> None:
    assert {name for name in _imports(path) if LEVEL[name] > LEVEL[MODULES[path]]} == set()


@pytest.mark.parametrize("folder", ["ui", "eval"])
def test_page_and_evaluation_import_only_what_is_below_them_and_never_themselves_by_folder(folder: str) -> None:
    for path in (ROOT / folder).rglob("*.py"):
        assert {name for name in _imports(path) if LEVEL[name] >= LEVEL[folder]} == set()
        roots = {
            (node.module or "").split(".")[0] for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.ImportFrom) and node.level == 0
        }  # fmt: skip
        assert not roots & {"ui", "eval", "corpus", "tests"}


@pytest.mark.parametrize("path", sorted((ROOT / "rag").rglob("*.py")), ids=str)
def test_heavy_libraries_are_not_imported_with_the_module(path: Path) -> None:
    tops = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            tops |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            tops.add(node.module.split(".")[0])
    assert not tops & HEAVY


def test_the_public_names_are_sorted_and_exist_and_nothing_else_is_public() -> None:
    modules = {path.stem for path in (ROOT / "rag").glob("*.py")} | {path.name for path in (ROOT / "rag").glob("*")}
    modules |= {"ui", "eval"}
    public = {name for name in vars(rag) if not name.startswith("_")} - modules
    assert sorted(public) == sorted(rag.__all__)
