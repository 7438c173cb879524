"""The documentation is true: its code runs, its commands exist, its links work, its site is self-contained."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import rag
from rag import Assistant
from rag.cli import build_parser
from rag.export.json import result_to_json

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted((ROOT / "docs").rglob("*.md"))
GUIDES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "eval" / "questions" / "README.md", *PAGES]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
COMMANDS = {"index", "ask", "search", "table", "ui", "serve", "mcp", "eval", "train", "verify", "completion"}

#: Attributes by which a page loads something while it is shown; a link that a reader may follow is no such thing.
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def code_blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def _command_lines(path: Path) -> list[str]:
    """The lines of shell blocks and of indented blocks."""
    text = path.read_text(encoding="utf-8")
    shell = [line for block in code_blocks(text, "sh") for line in block.splitlines()]
    outside = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return shell + [line.removeprefix("    ") for line in outside.splitlines() if line.startswith("    ")]


def _targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_readme_python_runs(
    corpus_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "\n".join(code_blocks(README, "python"))
    assert "build_index" in code
    (tmp_path / "corpus").symlink_to(ROOT / "corpus")
    # Built before, so that this takes less time.
    shutil.copytree(corpus_index, tmp_path / "my-index")
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {"__name__": "__main__"})
    assert "7,644 km" in capsys.readouterr().out


def test_readme_shows_every_command() -> None:
    lines = [line for line in _command_lines(ROOT / "README.md") if line.startswith("rag ")]
    assert {line.split()[1] for line in lines} == COMMANDS


@pytest.mark.parametrize("path", GUIDES, ids=_name)
def test_documented_commands_parse(path: Path) -> None:
    for line in _command_lines(path):
        for command in line.split(" && "):
            words = shlex.split(command.partition(" > ")[0], comments=True)
            if words[:1] == ["rag"]:
                build_parser().parse_args(words[1:])
            elif words[:2] == ["python", "-m"]:
                assert find_spec(words[2]), line
            elif words[:1] == ["make"]:
                assert set(words[1:]) <= _targets(), line


def test_readme_make_targets_exist() -> None:
    mentioned = set(re.findall(r"`make ([a-z-]+)`", README)) | {"ui", "test"}
    assert mentioned <= _targets()


@pytest.mark.parametrize("path", [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"], ids=_name)
def test_linked_files_exist(path: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")) if "://" not in link]
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_json_page_describes_every_field(assistant: Assistant) -> None:
    page = (ROOT / "docs" / "reference" / "json.md").read_text(encoding="utf-8")
    result = result_to_json(assistant.ask("How long is the border between Kazakhstan and Russia?"))
    fields = set(_keys(json.loads(json.dumps(result))))
    assert {"answered", "support", "lexical", "total"} <= fields
    assert [field for field in sorted(fields) if f"`{field}`" not in page] == []


def _keys(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)


def test_changelog_dates_the_current_version() -> None:
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    assert re.fullmatch(rf"\[{re.escape(PROJECT['version'])}\] - \d{{4}}-\d\d-\d\d", headings[1])


def test_every_declared_dependency_is_pinned() -> None:
    extras = [name for extra in PROJECT["optional-dependencies"].values() for name in extra]
    declared = [Requirement(line) for line in PROJECT["dependencies"] + extras]
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().split())
    pinned = {canonicalize_name(name): version for name, version in pins.items()}
    assert [
        str(requirement)
        for requirement in declared
        if not requirement.specifier.contains(pinned.get(canonicalize_name(requirement.name), "0"))
    ] == []


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


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation site, built as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


class _Loaded(HTMLParser):
    """Addresses that a page loads by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if address := dict(attrs).get(LOADED.get(tag, "")):
            self.addresses.append(address)


@pytest.mark.slow
def test_site_loads_nothing_from_elsewhere(site: Path) -> None:
    pages, sheets = sorted(site.rglob("*.html")), sorted(site.rglob("*.css"))
    assert {"index.html", "tutorial.html", "changelog.html"} <= {page.name for page in pages}
    for page in pages:
        loaded = _Loaded()
        loaded.feed(page.read_text(encoding="utf-8"))
        assert any(address.endswith(".css") for address in loaded.addresses)
        for address in loaded.addresses:
            assert not re.match(r"(?:[a-z]+:)?//", address), f"{page}: {address}"
            # The page for a wrong address does not know its depth, so its paths begin at the root of the site.
            base = site if address.startswith("/") else page.parent
            assert (base / address.lstrip("/").split("?")[0]).exists(), f"{page}: {address}"
    assert sheets
    for sheet in sheets:
        assert re.findall(r"(?:url\(|@import )[\"']?(?:https?:)?//", sheet.read_text(encoding="utf-8")) == []


@pytest.mark.slow
def test_site_includes_the_examples(site: Path) -> None:
    text = re.sub(r"<[^>]+>", "", (site / "how-to" / "python.html").read_text(encoding="utf-8"))
    assert "changes = build_index(folder, index)" in text
    assert "hits = Retriever.load(index).search(question, k=5, max_tokens=MAX_TOKENS)" in text
    assert [page for page in site.rglob("*.html") if "include:" in page.read_text(encoding="utf-8")] == []


@pytest.mark.slow
def test_site_documents_every_command_and_public_name(site: Path) -> None:
    commands = (site / "reference" / "cli.html").read_text(encoding="utf-8")
    assert {f'id="rag-{name}"' for name in COMMANDS} <= set(re.findall(r'id="rag-[a-z]+"', commands))
    assert "--max-tokens N" in commands
    names = (site / "reference" / "api.html").read_text(encoding="utf-8")
    documented = set(re.findall(r'<h3 id="rag\.(?:[a-z.]+\.)?(\w+)"', names))
    assert set(rag.__all__) <= documented
