"""Uploaded files are stored under safe names; links are refused."""

from pathlib import Path

from rag.ui.services.quota import Quota, Room
from rag.ui.services.uploads import Upload, store_uploads


def test_link_is_refused_and_no_duplicate(tmp_path: Path) -> None:
    folder, secret = tmp_path / "files", tmp_path / "secret.txt"
    folder.mkdir()
    secret.write_text("root:x:0:0")
    (folder / "stored.txt").symlink_to(secret)
    (tmp_path / "pw.txt").symlink_to(secret)
    (tmp_path / "same.txt").write_text("root:x:0:0")

    uploads = [tmp_path / "pw.txt", tmp_path / "same.txt"]
    outcomes = store_uploads(folder, tmp_path / "staging", uploads, Room(Quota(), 0, 0))

    assert outcomes == [Upload("pw.txt", "is a link, which is not followed; add the file itself"), Upload("same.txt")]
    assert not (folder / "pw.txt").exists()
