"""The wheel: its contents, and its installation in an environment of its own."""

import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "build", "--wheel", "--outdir", out, ROOT], check=True, capture_output=True)
    return next(out.glob("rag-*.whl"))


def test_wheel_holds_one_package_with_its_data(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if "dist-info" not in name} == {"rag"}
    assert {
        "rag/__init__.pyi",
        "rag/formats/__init__.pyi",
        "rag/index/__init__.pyi",
        "rag/py.typed",
        "rag/corpus/kazakhstan.md",
        "rag/data/rag-16k.tiktoken",
        "rag/data/written-calibration.jsonl.gz",
        "rag/data/written-evaluation.jsonl.gz",
        "rag/data/written-training.jsonl.gz",
        "rag/data/reader/confidence.json",
        "rag/data/reader/document-confidence.json",
        "rag/data/reader/evidence.json",
        "rag/data/reader/reader.safetensors",
        "rag/data/reader/second/config.json",
        "rag/data/reader/second/reader.safetensors",
        "rag/data/reader/second/tokenizer.json",
        "rag/data/reader/second/words.safetensors",
        "rag/eval/questions/central-asia.jsonl",
        "rag/eval/questions/evidence.jsonl",
        "rag/eval/questions/polarity.jsonl",
        "rag/eval/questions/table.jsonl",
        "rag/eval/reports/templates/report.html",
        "rag/eval/scoring/suite.py",
        "rag/export/tables/templates/table.html",
        "rag/training/opposites.txt",
        "rag/ui/page.py",
        "rag/ui/static/page.js",
        "rag/ui/static/style.css",
        "rag/ui/views/templates/result.html",
    } <= set(names)
    assert wheel.stat().st_size < 200_000_000


def add_dependencies(name: str, extras: set[str], found: dict[str, set[str]]) -> None:
    """Add a distribution and all that it requires to ``found``: names with the extras wanted of each."""
    wanted = (extras | {""}) - found.setdefault(name, set())
    found[name] |= wanted
    for requirement in map(Requirement, metadata.requires(name) or ()):
        if not requirement.marker or any(requirement.marker.evaluate({"extra": extra}) for extra in wanted):
            other = canonicalize_name(requirement.name)
            if other not in found or not requirement.extras <= found[other]:
                add_dependencies(other, requirement.extras, found)


def link_dependencies(site: Path) -> None:
    """Link the installed files of all that rag declares to need, and nothing else, into another environment."""
    found: dict[str, set[str]] = {}
    add_dependencies("rag", set(), found)
    for name in found.keys() - {"rag"}:
        distribution = metadata.distribution(name)
        for top in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
            if not (site / top).exists():
                (site / top).symlink_to(Path(str(distribution.locate_file(top))))


@pytest.mark.slow
def test_wheel_installed_as_a_uv_tool_answers_with_its_declared_dependencies(wheel: Path, tmp_path: Path) -> None:
    names = (line.split("==")[0] for line in (ROOT / "constraints.txt").read_text().split())
    (tmp_path / "excluded.txt").write_text("\n".join(names))
    places = {"HOME": "home", "UV_TOOL_DIR": "tools", "UV_TOOL_BIN_DIR": "bin", "UV_CACHE_DIR": "cache"}
    places |= {"XDG_DATA_HOME": "data"}
    environment = {**os.environ, **{name: str(tmp_path / folder) for name, folder in places.items()}}
    # The packages that rag depends on are linked instead of downloaded.
    options = ["--offline", "--no-config", "--python", sys.executable, "--excludes", tmp_path / "excluded.txt"]
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "tool", "install", *options, wheel], check=True, cwd=tmp_path, env=environment)
    site = next((tmp_path / "tools" / "rag" / "lib").glob("python*/site-packages"))
    assert (site / "rag" / "cli").is_dir()
    link_dependencies(site)
    command = [tmp_path / "bin" / "rag", "ask", "How long is the border between Kazakhstan and Russia?"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("7,644 km")
    assert "no index yet: building it from the shipped articles" in done.stderr
    assert (tmp_path / "data" / "rag" / "index" / "current").is_file()


@pytest.mark.slow
def test_type_checker_accepts_the_readme_example_after_its_install(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    [line] = re.findall(r"^\.venv/bin/pip (install .*--editable) \.$", readme, re.MULTILINE)
    checkout = tmp_path / "checkout"
    shutil.copytree(ROOT, checkout, ignore=shutil.ignore_patterns(".*", "build", "*.egg-info"))
    venv.create(tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    # The packages that rag depends on are those of this environment.
    site = next((tmp_path / "venv" / "lib").glob("python*/site-packages"))
    (site / "dependencies.pth").write_text(f"{Path(pytest.__file__).parents[1]}\n")
    options = [*line.split(), checkout, "--no-deps", "--no-build-isolation", "--quiet"]
    subprocess.run([sys.executable, "-m", "pip", "--python", python, *options], check=True, cwd=checkout)
    (tmp_path / "example.py").write_text(re.findall(r"^```python\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)[0])
    done = subprocess.run(
        [python, "-m", "mypy", "--strict", "example.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout == "Success: no issues found in 1 source file\n"
