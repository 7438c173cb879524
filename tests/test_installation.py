"""The Makefile's choice of a torch, uv's index for it, and the Dockerfile."""

import functools
import json
import os
import re
import socket
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from packaging.markers import Marker

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")

linux = pytest.mark.skipif(sys.platform != "linux", reason="the choice is for Linux only")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[str]:
    """Address of a package index that has torch."""
    (tmp_path / "index" / "torch").mkdir(parents=True)
    handler = functools.partial(SimpleHTTPRequestHandler, directory=tmp_path / "index")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def _install(folder: Path, address: str, *, card: bool) -> subprocess.CompletedProcess[str]:
    """What `make` would run to install, on a machine with or without a graphics card."""
    (folder / "bin").mkdir()
    program = folder / "bin" / "nvidia-smi"
    program.write_text(f"#!/bin/sh\nexit {0 if card else 9}\n")
    program.chmod(0o755)
    venv = folder / "venv"
    command = ["make", "--dry-run", f"{venv}/installed", f"VENV={venv}", f"PYTHON={sys.executable}"]
    # Neither a proxy nor the options of a `make` that runs the tests.
    environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}", "no_proxy": "*", "MAKEFLAGS": ""}
    return subprocess.run(
        [*command, f"CPU_INDEX={address}"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )


@linux
def test_make_takes_torch_for_the_processor_without_a_graphics_card(tmp_path: Path, index: str) -> None:
    assert f" --extra-index-url {index} --editable" in _install(tmp_path, index, card=False).stdout


@linux
def test_make_takes_the_default_torch_with_a_graphics_card(tmp_path: Path, index: str) -> None:
    done = _install(tmp_path, index, card=True)
    assert "pip --disable-pip-version-check install" in done.stdout
    assert "--extra-index-url" not in done.stdout
    assert done.stderr == ""


@linux
def test_make_installs_without_an_index_that_does_not_answer(tmp_path: Path) -> None:
    with socket.socket() as silent:
        # Nobody else gets this port, and nobody listens.
        silent.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = _install(tmp_path, address, card=False)
    assert "pip --disable-pip-version-check install" in done.stdout
    assert "--extra-index-url" not in done.stdout
    assert done.stderr == f"{address} does not answer: torch comes from the other indexes, maybe with CUDA\n"


def test_uv_takes_torch_for_linux_from_the_cpu_index_alone() -> None:
    uv = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["uv"]
    [source], [index] = uv["sources"]["torch"], uv["index"]
    assert index == {"name": source["index"], "url": "https://download.pytorch.org/whl/cpu", "explicit": True}
    assert Marker(source["marker"]).evaluate({"sys_platform": "linux"})
    assert not Marker(source["marker"]).evaluate({"sys_platform": "darwin"})


def test_dockerfile_passes_its_linter() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_dockerfile_copies_what_the_package_is_made_of() -> None:
    copied = {word for line in re.findall(r"^COPY (?!--)(.*) \S+$", DOCKERFILE, re.MULTILINE) for word in line.split()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    folders = set(project["tool"]["setuptools"]["package-dir"].values())
    files = {project["project"]["readme"], *project["project"]["license-files"], "pyproject.toml", "constraints.txt"}
    assert copied == folders | files
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    assert {line[1:] for line in ignored if line.startswith("!")} == copied


def test_container_serves_as_a_user_without_rights_and_checks_health() -> None:
    assert re.findall(r"^USER (.*)$", DOCKERFILE, re.MULTILINE) == ["1000"]
    command = json.loads(re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)[0])
    assert command[:2] == ["rag", "serve"]
    port = re.findall(r"^EXPOSE (\d+)$", DOCKERFILE, re.MULTILINE)[0]
    assert f"http://127.0.0.1:{port}/api/health" in DOCKERFILE
