"""What the documentation says is true: its Python runs, its commands exist, its files are there."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from rag.cli import build_parser

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_readmes_python_runs(tmp_path: Path) -> None:
    code = "\n".join(_blocks("python"))
    assert "build_index" in code
    (tmp_path / "corpus").symlink_to(ROOT / "corpus")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "7,644 km" in done.stdout


def test_every_rag_command_in_the_readme_is_one_that_the_parser_takes() -> None:
    lines = [line for block in _blocks("sh") for line in block.splitlines() if line.startswith("rag ")]
    assert {line.split()[1] for line in lines} == {"index", "ask", "search", "ui", "eval", "train", "verify"}
    for line in lines:
        build_parser().parse_args(shlex.split(line, comments=True)[1:])


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`make (\w+)`", README)) | {"ui", "test"}))
def test_every_make_target_in_the_readme_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_every_file_that_the_readme_shows_or_links_to_exists() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert any(link.endswith(".png") for link in links)
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_article_names_its_title_and_sources() -> None:
    articles = sorted((ROOT / "corpus").glob("*.md"))
    assert len(articles) >= 14
    paragraphs = 0
    for article in articles:
        _, front, body = article.read_text(encoding="utf-8").split("---\n", 2)
        values = yaml.safe_load(front)
        assert values["title"]
        assert values["sources"]
        assert all({"title", "author", "publication", "date"} <= set(source) for source in values["sources"])
        paragraphs += sum(1 for block in body.split("\n\n") if block.strip() and not block.strip().startswith("#"))
    assert 80 <= paragraphs <= 150
