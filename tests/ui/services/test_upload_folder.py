"""Upload folders: what killed servers leave is removed, what running ones use is not."""

import subprocess
import sys
from pathlib import Path

import pytest
from rag.ui.services import upload_folder as module
from rag.ui.services.upload_folder import PREFIX, remove_abandoned

CODE = """
import os, sys, tempfile
tempfile.tempdir = sys.argv[1]
from rag.ui.services.upload_folder import upload_folder
(upload_folder() / "upload.txt").write_text("x")
print(upload_folder(), flush=True)
sys.stdin.readline()
os._exit(1)
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module.tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_only_folders_of_servers_that_ended_are_removed(temporary: Path) -> None:
    command = [sys.executable, "-c", CODE, str(temporary)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        assert server.stdin
        folder = Path(server.stdout.readline().strip())
        assert folder.name.startswith(PREFIX)
        remove_abandoned()
        assert (folder / "upload.txt").exists()
        server.kill()
    assert (folder / "upload.txt").exists()  # nothing was cleaned up
    remove_abandoned()
    assert not folder.exists()


def test_links_and_other_folders_are_left_alone(temporary: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "file.txt").touch()
    (temporary / f"{PREFIX}link").symlink_to(other)
    (temporary / "rag-other").mkdir()
    remove_abandoned()
    # Not even a lock is made where the link leads.
    assert list(other.iterdir()) == [other / "file.txt"]
    assert (temporary / f"{PREFIX}link").is_symlink()
    assert (temporary / "rag-other").exists()


def test_folder_of_another_user_is_left_alone(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = temporary / f"{PREFIX}other"
    folder.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(module.os, "getuid", lambda: folder.stat().st_uid + 1)
        remove_abandoned()
        assert list(folder.iterdir()) == []
    remove_abandoned()
    assert not folder.exists()
