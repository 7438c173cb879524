import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rag import Index, Retriever, SentenceTransformerEncoder, Skipped, build_index
from rag.embedding.encoder import Encoder
from rag.errors import IndexMismatch, IndexMissing, InputError
from rag.index import Manifest, current_version
from rag.index.manifest import MANIFEST
from rag.sources import discovery

BORDER = "The border between Kazakhstan and Russia is 7,644 km long, second only to Canada's with America."
RENTS = "Rents in Almaty doubled after the newcomers came, and many students had to leave the city."


def test_opened_index_equals_the_built_one(built: Path, docs: Path, encoder: SentenceTransformerEncoder) -> None:
    index = Index.open(built, encoder)
    assert [(p.document_id, p.text) for p in index.passages] == [("border.md", BORDER), ("rents.txt", RENTS)]
    assert index.documents["border.md"].text == BORDER
    np.testing.assert_allclose(index.vectors.vectors([0, 1]), encoder.encode([BORDER, RENTS]), atol=1e-6)
    manifest = Manifest.read(current_version(built))
    assert (manifest.embedder, manifest.dimension, manifest.passages) == ("all-MiniLM-L6-v2", 384, 2)
    assert manifest.chunking == {"max_tokens": 200, "overlap_tokens": 40, "min_tokens": 24, "encoding": "rag-16k"}
    assert manifest.sources == [str(docs)]
    assert list(index.documents) == ["border.md", "rents.txt"]


def test_only_changes_are_embedded(built: Path, docs: Path, counting: Callable[..., Encoder]) -> None:
    (docs / "rents.txt").write_text(
        RENTS + "\n\n" + "A new paragraph about the rents of the capital, where prices rose as well, if not as much."
    )
    (docs / "new.md").write_text(BORDER)
    watched = counting()
    changes = build_index(docs, built, watched)
    assert (changes.added, changes.changed, changes.unchanged) == (["new.md"], ["rents.txt"], ["border.md"])
    assert changes.warnings == [("new.md", "has the same content as border.md; both are indexed")]
    assert [text[:15] for text in watched.embedded] == ["A new paragraph"]
    assert changes.passages == 4


def test_removed_file_is_not_found(built: Path, docs: Path, encoder: SentenceTransformerEncoder) -> None:
    (docs / "border.md").unlink()
    assert build_index(docs, built, encoder).removed == ["border.md"]
    hits = Retriever.load(built, encoder).search("How long is the border?")
    assert [hit.passage.document_id for hit in hits] == ["rents.txt"]


def test_unreadable_files_are_skipped_with_reason(
    docs: Path, tmp_path: Path, encoder: SentenceTransformerEncoder
) -> None:
    (docs / "empty.txt").touch()
    (docs / "binary.txt").write_bytes(b"\x00\x01\x02" * 99)
    (docs / "vanished.txt").symlink_to(tmp_path / "nowhere")
    changes = build_index(docs, tmp_path / "index", encoder)
    assert {skipped.document_id: skipped.reason.split(",")[0] for skipped in changes.skipped} == {
        "binary.txt": "holds NUL bytes",
        "empty.txt": "the file is empty",
        "vanished.txt": "cannot be read: No such file or directory",
    }
    assert changes.added == ["border.md", "rents.txt"]


def test_old_version_of_an_unreadable_file_is_kept(
    built: Path, docs: Path, encoder: SentenceTransformerEncoder
) -> None:
    (docs / "border.md").write_bytes(b"\x00")
    changes = build_index(docs, built, encoder)
    assert [(skipped.document_id, skipped.kept) for skipped in changes.skipped] == [("border.md", True)]
    assert Index.open(built).documents["border.md"].text == BORDER


def test_index_stays_if_nothing_can_be_read(built: Path, tmp_path: Path, encoder: SentenceTransformerEncoder) -> None:
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "a.txt").touch()
    with pytest.raises(InputError, match=r"nothing could be read; a\.txt: the file is empty"):
        build_index(bad, built, encoder)
    assert len(Index.open(built, encoder).passages) == 2


def test_write_error_keeps_the_index_and_leaves_no_files(
    built: Path, docs: Path, encoder: SentenceTransformerEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(path.name for path in built.iterdir())
    (docs / "rents.txt").write_text(RENTS + " And again.")

    def full_disk(self: Manifest, version: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Manifest, "write", full_disk)
    with pytest.raises(
        InputError, match=r"writing the index failed .*No space left on device.*the previous index is unchanged"
    ):
        build_index(docs, built, encoder)
    assert sorted(path.name for path in built.iterdir()) == before
    assert len(Index.open(built, encoder).passages) == 2


def test_staging_folder_is_never_read(built: Path, encoder: SentenceTransformerEncoder) -> None:
    (built / "half-0123").mkdir()
    (built / "half-0123" / MANIFEST).write_text("{")
    assert len(Index.open(built, encoder).passages) == 2


def test_readers_see_a_complete_index_during_updates(
    built: Path, docs: Path, encoder: SentenceTransformerEncoder
) -> None:
    errors: list[Exception] = []
    done = threading.Event()

    def write() -> None:
        try:
            for i in range(6):
                (docs / "rents.txt").write_text(f"{RENTS} Year {i} saw more of the same in the city.")
                build_index(docs, built, encoder)
        except Exception as error:
            errors.append(error)
        finally:
            done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        assert len(Index.open(built, encoder).passages) == 2
    writer.join()
    assert not errors


def test_wrong_embedder_is_an_error_naming_both(
    built: Path, encoder: SentenceTransformerEncoder, counting: Callable[..., Encoder]
) -> None:
    other = counting("other-model", "f2")
    with pytest.raises(IndexMismatch, match=rf"'all-MiniLM-L6-v2' \({encoder.fingerprint}.*'other-model' \(f2"):
        Index.open(built, other)


def test_wrong_format_is_an_error_naming_both(built: Path) -> None:
    path = current_version(built) / MANIFEST
    stored = json.loads(path.read_text())
    stored["manifest"]["format"] = 1
    path.write_text(json.dumps(stored))
    with pytest.raises(IndexMismatch, match="has format 1, this version of rag reads format 3"):
        Index.open(built)


def test_intact_parts_of_a_damaged_index_are_reused(built: Path, docs: Path, counting: Callable[..., Encoder]) -> None:
    shutil.rmtree(current_version(built) / "words")
    watched = counting()
    assert build_index(docs, built, watched).unchanged == ["border.md", "rents.txt"]
    assert watched.embedded == []
    assert len(Index.open(built, watched).passages) == 2


def test_missing_index_is_an_error_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="no index there; build one with `rag index"):
        Index.open(tmp_path)


def test_folder_with_other_files_is_not_written_to(
    tmp_path: Path, docs: Path, encoder: SentenceTransformerEncoder
) -> None:
    (tmp_path / "thesis.doc").touch()
    with pytest.raises(InputError, match="holds 'docs', which is not part of an index"):
        build_index(docs, tmp_path, encoder)


def test_passages_of_unusual_text_are_exact_slices(tmp_path: Path, encoder: SentenceTransformerEncoder) -> None:
    text = (
        "# Tïtle\r\n\r\nEmoji 👩‍👩‍👧 and e\u0301 combined.\r\n\r\n"
        + "x" * 5000
        + "\r\n\r\n\u202eright to left\u202c \ufeff end"
    )
    path = tmp_path / "strange.md"
    path.write_bytes(text.encode())
    build_index(path, tmp_path / "index", encoder)
    index = Index.open(tmp_path / "index", encoder)
    assert index.documents["strange.md"].text == text
    assert all(text[p.start : p.end] == p.text for p in index.passages)
    assert len(index.passages) > 5


def test_documents_of_an_unreadable_folder_are_kept(
    tmp_path: Path, docs: Path, encoder: SentenceTransformerEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    (docs / "closed").mkdir()
    (docs / "closed" / "a.md").write_text(BORDER)
    build_index(docs, tmp_path / "index", encoder)
    real = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    changes = build_index(docs, tmp_path / "index", encoder)
    assert changes.skipped == [Skipped("closed", "the folder cannot be read; check its permissions", kept=True)]
    assert (changes.removed, "closed/a.md" in changes.unchanged) == ([], True)


def test_reader_of_a_deleted_version_opens_the_new_one(
    built: Path, docs: Path, encoder: SentenceTransformerEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Manifest.read
    pending = [docs, docs]

    def read_late(version: Path) -> Manifest:
        while pending:
            build_index(pending.pop(), built, encoder)
        return real(version)

    monkeypatch.setattr(Manifest, "read", read_late)
    assert len(Index.open(built, encoder).passages) == 2


def test_file_without_permission_is_skipped_with_reason(
    docs: Path, tmp_path: Path, encoder: SentenceTransformerEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = discovery._opened

    def opened(path: Path) -> int:
        if path.name == "rents.txt":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(discovery, "_opened", opened)
    changes = build_index(docs, tmp_path / "index", encoder)
    assert changes.skipped == [Skipped("rents.txt", "cannot be read: Permission denied", kept=False)]
