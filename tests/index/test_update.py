"""Updating an index: unchanged content is not embedded again, and the result equals a full build."""

import os
import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from rag import Assistant, ChunkSettings, Encoder, Index, IndexBusy, InputError, Retriever, build_index, repair, verify
from rag.errors import DocumentError
from rag.formats import max_bytes
from rag.index import current_version
from rag.index.index import VECTORS
from rag.index.manifest import Manifest
from rag.index.originals import Originals
from rag.index.versions import staging_folders, writing

from .conftest import CountingEncoder

WORDS = "river valley road market bridge school border treaty harvest winter cotton rail power water trade".split()


def _text(draw: random.Random, paragraphs: int = 3) -> str:
    return "\n\n".join(
        " ".join(draw.choice(WORDS) for _ in range(30)) + f" {draw.randrange(10_000)}." for _ in range(paragraphs)
    )


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """40 files in folders, each of three paragraphs."""
    draw = random.Random(1)
    for number in range(40):
        path = tmp_path / "many" / f"part{number % 4}" / f"{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# Title {number}\n\n" + _text(draw))
    return tmp_path / "many"


def _contents(index: Index) -> list[object]:
    return [list(index.documents.values()), list(index.passages), index.store.files().keys()]


def test_update_equals_build_from_scratch(many: Path, tmp_path: Path, encoder: Encoder) -> None:
    build_index(many, tmp_path / "updated", encoder)
    draw = random.Random(2)
    (many / "part0" / "0.md").write_text("# New title\n\n" + _text(draw))
    with (many / "part1" / "5.md").open("a") as file:
        file.write("\n\nA last paragraph about the treaty on water, which was signed in 1992 by all five of them.")
    (many / "part2" / "2.md").unlink()
    (many / "part3" / "3.md").rename(many / "part0" / "aaa.md")
    (many / "part1" / "new.txt").write_text(_text(draw))
    changes = build_index(many, tmp_path / "updated", encoder)
    assert changes.added == ["part1/new.txt"]
    assert changes.changed == ["part0/0.md", "part1/5.md"]
    assert changes.removed == ["part2/2.md"]
    assert changes.renamed == [("part3/3.md", "part0/aaa.md")]
    assert len(changes.unchanged) == 36
    build_index(many, tmp_path / "scratch", encoder)
    updated, scratch = (Retriever.load(tmp_path / name, encoder) for name in ("updated", "scratch"))
    assert _contents(updated.index) == _contents(scratch.index)
    rows = range(len(scratch.index.passages))
    np.testing.assert_allclose(updated.index.vectors.vectors(rows), scratch.index.vectors.vectors(rows), atol=1e-6)
    for question in ("What was signed about water?", "cotton harvest winter", "Who trades at the market bridge?"):
        one, other = (retriever.search(question, k=20) for retriever in (updated, scratch))
        assert [hit.passage for hit in one] == [hit.passage for hit in other]
        np.testing.assert_allclose([h.score for h in one], [h.score for h in other], atol=1e-4)
        answers = [Assistant(retriever).ask(question).answers for retriever in (updated, scratch)]
        assert [(a.text, a.document, a.start) for a in answers[0]] == [
            (a.text, a.document, a.start) for a in answers[1]
        ]
        np.testing.assert_allclose(*([a.confidence for a in each] for each in answers), atol=1e-4)


def test_renamed_file_is_not_embedded_and_gets_its_new_title(docs: Path, tmp_path: Path, quick: Encoder) -> None:
    build_index(docs, tmp_path / "index", quick)
    quick.embedded.clear()
    (docs / "old").mkdir()
    (docs / "rents.txt").rename(docs / "old" / "housing.txt")
    changes = build_index(docs, tmp_path / "index", quick)
    assert (changes.renamed, changes.added, changes.removed) == ([("rents.txt", "old/housing.txt")], [], [])
    assert quick.embedded == []
    index = Index.open(tmp_path / "index")
    assert index.documents["old/housing.txt"].title == "housing"
    assert "rents.txt" not in index.documents
    hits = Retriever(index, quick).search("rents", where={"path": "old/*", "title": "housing"})
    assert [hit.passage.document_id for hit in hits] == ["old/housing.txt"]


def test_file_can_take_the_name_of_another(docs: Path, tmp_path: Path, quick: Encoder) -> None:
    build_index(docs, tmp_path / "index", quick)
    text = (docs / "rents.txt").read_text()
    (docs / "zebra.txt").write_text(text)
    (docs / "rents.txt").write_text("Something else stands here now, about horses and the price of hay.")
    changes = build_index(docs, tmp_path / "index", quick)
    assert (changes.added, changes.changed) == (["zebra.txt"], ["rents.txt"])
    documents = Index.open(tmp_path / "index").documents
    assert documents["zebra.txt"].text == text
    assert documents["rents.txt"].text.startswith("Something else")


def test_renamed_file_has_the_fields_of_its_new_name(tmp_path: Path, quick: Encoder) -> None:
    for name in ("2020.txt", "x.txt"):
        (tmp_path / "docs" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "docs" / name).write_text(f"The harvest of {name} was carried over the bridge.")
    build_index(tmp_path / "docs", tmp_path / "index", quick)
    (tmp_path / "docs" / "2020.txt").rename(tmp_path / "docs" / "2021.txt")
    build_index(tmp_path / "docs", tmp_path / "index", quick)
    retriever = Retriever.load(tmp_path / "index", quick)
    found = {value: len(retriever.search("harvest", where={"title": value})) for value in ("2020", "2021", ">2020")}
    assert found == {"2020": 0, "2021": 1, ">2020": 1}


def test_swapped_files_are_changed_but_not_embedded(docs: Path, tmp_path: Path, quick: Encoder) -> None:
    (docs / "second.txt").write_text("The second one, about bridges.")
    build_index(docs, tmp_path / "index", quick)
    quick.embedded.clear()
    texts = [(docs / name).read_text() for name in ("rents.txt", "second.txt")]
    (docs / "rents.txt").write_text(texts[1])
    (docs / "second.txt").write_text(texts[0])
    changes = build_index(docs, tmp_path / "index", quick)
    assert (changes.changed, changes.added, changes.removed) == (["rents.txt", "second.txt"], [], [])
    assert quick.embedded == []
    documents = Index.open(tmp_path / "index").documents
    assert [documents[name].text for name in ("rents.txt", "second.txt")] == texts[::-1]


def test_unreadable_file_is_retried_only_after_a_change(docs: Path, tmp_path: Path, quick: Encoder) -> None:
    (docs / "bad.pdf").write_bytes(b"no PDF at all")
    build_index(docs, tmp_path / "index", quick)
    (docs / "border.md").write_bytes(b"\x00 binary now")
    changes = build_index(docs, tmp_path / "index", quick)
    assert [(skipped.document_id, skipped.kept) for skipped in changes.skipped] == [
        ("bad.pdf", False), ("border.md", True),
    ]  # fmt: skip
    version = current_version(tmp_path / "index")
    again = build_index(docs, tmp_path / "index", quick)
    assert current_version(tmp_path / "index") == version
    assert again.skipped == changes.skipped
    assert again.unchanged == ["border.md", "rents.txt"]
    assert verify(tmp_path / "index").stale == []
    (docs / "bad.pdf").unlink()
    (docs / "border.md").write_text("The border once more.")
    changes = build_index(docs, tmp_path / "index", quick)
    assert (changes.changed, changes.skipped) == (["border.md"], [])


def test_index_inside_the_indexed_folder_is_ignored(docs: Path, quick: Encoder) -> None:
    for _ in range(3):
        changes = build_index(docs, docs / "index", quick)
        assert changes.documents == 2
    assert changes.unchanged == ["border.md", "rents.txt"]


@pytest.mark.parametrize("damage", ["nothing", "zeros in the library", "no library", "half a vector"])
def test_damaged_staging_folder_is_ignored(docs: Path, tmp_path: Path, quick: Encoder, damage: str) -> None:
    build_index(docs, tmp_path / "index", quick)
    half = tmp_path / "index" / "half-0123"
    shutil.copytree(current_version(tmp_path / "index"), half)
    library = half / "library.sqlite"
    if damage == "zeros in the library":
        raw = library.read_bytes()
        library.write_bytes(raw[:4096] + bytes(len(raw) - 4096))
    elif damage == "no library":
        library.unlink()
    elif damage == "half a vector":
        (half / VECTORS).write_bytes(b"\x00" * 30)
    (docs / "new.md").write_text("Something new, about the price of hay.")
    assert build_index(docs, tmp_path / "index", quick).added == ["new.md"]
    assert staging_folders(tmp_path / "index") == []


def test_file_names_that_are_not_utf8_are_skipped(docs: Path, tmp_path: Path, quick: Encoder) -> None:
    bad = os.fsdecode(b"caf\xe9.txt")
    (docs / bad).write_text("Text under a name in Latin-1.")
    changes = build_index(docs, tmp_path / "index", quick)
    assert [(skipped.document_id, skipped.reason) for skipped in changes.skipped] == [
        ("caf\ufffd.txt", "its name is not UTF-8; rename it")
    ]
    assert changes.added == ["border.md", "rents.txt"]


def test_unstorable_document_is_skipped(docs: Path, tmp_path: Path, quick: Encoder) -> None:
    (docs / "half.md").write_text('---\ntitle: "\\uD800"\n---\nText.')
    (docs / "huge.md").write_text('---\ntitle: "\\UFFFFFFFF"\n---\nText.')
    changes = build_index(docs, tmp_path / "index", quick)
    assert [skipped.document_id for skipped in changes.skipped] == ["half.md", "huge.md"]
    assert list(Index.open(tmp_path / "index").documents) == ["border.md", "rents.txt"]


def test_linked_file_has_the_name_of_the_link(docs: Path, tmp_path: Path, quick: Encoder) -> None:
    (tmp_path / "a-long-name-of-a-target.md").write_text("The target.")
    (tmp_path / "link.md").symlink_to(tmp_path / "a-long-name-of-a-target.md")
    changes = build_index([docs, tmp_path / "link.md"], tmp_path / "index", quick)
    assert changes.added == ["docs/border.md", "docs/rents.txt", "link.md"]


def test_nothing_is_written_without_changes(docs: Path, tmp_path: Path, quick: Encoder) -> None:
    build_index(docs, tmp_path / "index", quick)
    version = current_version(tmp_path / "index")
    changes = build_index(docs, tmp_path / "index", quick)
    assert (changes.unchanged, changes.documents, changes.passages) == (["border.md", "rents.txt"], 2, 2)
    assert current_version(tmp_path / "index") == version


def test_files_are_read_again_where_more_of_them_is_read_now(
    docs: Path, tmp_path: Path, quick: CountingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, names = tmp_path / "index", sorted(path.name for path in docs.iterdir())
    (docs / "empty.html").write_text("<p></p>")
    with monkeypatch.context() as earlier:
        earlier.setattr("rag.index.build.READING", 0)
        build_index(docs, folder, quick)
        assert build_index(docs, folder, quick).unchanged == names
    quick.embedded.clear()
    assert build_index(docs, folder, quick).changed == names
    assert quick.embedded == []
    assert build_index(docs, folder, quick).unchanged == names


def test_repair_keeps_what_was_read(
    docs: Path, tmp_path: Path, quick: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "index"
    with monkeypatch.context() as earlier:
        earlier.setattr("rag.index.build.READING", 0)
        build_index(docs, folder, quick)
    (current_version(folder) / VECTORS).write_bytes(b"")
    assert repair(folder, quick).startswith("rebuilt from the texts")
    assert Manifest.read(current_version(folder)).reading == 0


def test_new_chunk_settings_embed_only_new_texts(docs: Path, tmp_path: Path, quick: Encoder) -> None:
    (docs / "border.md").write_text(" ".join(f"Sentence number {i} of a long text." for i in range(40)))
    build_index(docs, tmp_path / "index", quick)
    (docs / "border.md").chmod(0o600)
    quick.embedded.clear()
    build_index(docs, tmp_path / "index", quick, ChunkSettings(max_tokens=50, overlap_tokens=0))
    index = Index.open(tmp_path / "index")
    assert all(passage.tokens <= 50 for passage in index.passages)
    assert len(index.passages) > 5
    assert [text for text in quick.embedded if text.startswith("Rents")] == []


def test_interrupted_build_resumes_after_the_last_block(
    many: Path, tmp_path: Path, quick: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.index.staging.BLOCK", 20)
    real = quick.encode
    calls = []

    def dies(texts: list[str], progress: object = None) -> np.ndarray:
        calls.append(len(texts))
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(texts)

    quick.encode = dies
    with pytest.raises(KeyboardInterrupt):
        build_index(many, tmp_path / "index", quick)
    assert len(staging_folders(tmp_path / "index")) == 1
    quick.encode = real
    done = set(quick.embedded)
    quick.embedded.clear()
    build_index(many, tmp_path / "index", quick)
    assert len(done) == 3 * calls[0]
    assert done & set(quick.embedded) == set()
    index = Index.open(tmp_path / "index", quick)
    np.testing.assert_allclose(
        index.vectors.vectors(range(len(index.passages))), real([p.text for p in index.passages]), atol=1e-6
    )
    assert staging_folders(tmp_path / "index") == []


def test_second_writer_is_refused_naming_the_first(docs: Path, tmp_path: Path, quick: Encoder) -> None:
    build_index(docs, tmp_path / "index", quick)
    with (
        writing(tmp_path / "index"),
        pytest.raises(IndexBusy, match=r"is being written to by process \d+ on .* since 2"),
    ):
        build_index(docs, tmp_path / "index", quick)
    assert build_index(docs, tmp_path / "index", quick).documents == 2


def test_read_only_folder_is_a_clear_error(
    docs: Path, tmp_path: Path, quick: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_index(docs, tmp_path / "index", quick)
    (docs / "new.md").write_text("New.")

    def read_only(*args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("rag.index.versions.FileLock.acquire", read_only)
    with pytest.raises(InputError, match=r"index: cannot be written to \(Permission denied\); make room or choose"):
        build_index(docs, tmp_path / "index", quick)
    assert len(Index.open(tmp_path / "index").documents) == 2


def test_files_that_change_or_vanish_while_read_are_skipped(
    docs: Path, tmp_path: Path, quick: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(name: str) -> int:
        # Called when the file is open.
        if name == "border.md":
            (docs / name).write_text("Other words.")
        if name == "rents.txt":
            (docs / name).unlink(missing_ok=True)
        return max_bytes(name)

    (docs / "good.md").write_text("This one stays as it is, to the end of the run.")
    monkeypatch.setattr("rag.sources.discovery.max_bytes", changed)
    changes = build_index(docs, tmp_path / "index", quick)
    assert {skipped.document_id: skipped.reason for skipped in changes.skipped} == {
        "border.md": "changed while it was being read; run `rag index` again when it is complete",
        "rents.txt": "cannot be read: No such file or directory",
    }
    assert changes.added == ["good.md"]


def test_reader_keeps_its_version(docs: Path, tmp_path: Path, encoder: Encoder) -> None:
    build_index(docs, tmp_path / "index", encoder)
    retriever = Retriever.load(tmp_path / "index", encoder)
    before = retriever.search("How long is the border?")
    for number in range(3):
        (docs / "border.md").write_text(f"Nothing of the kind is said here any more, for the {number}th time.")
        build_index(docs, tmp_path / "index", encoder)
    shutil.rmtree(tmp_path / "index")
    assert retriever.search("How long is the border?") == before
    assert retriever.document("border.md").text.startswith("The border between")


def test_link_out_of_the_folder_is_skipped_and_forgotten(tmp_path: Path, quick: Encoder, docs: Path) -> None:
    (tmp_path / "passwd").write_text("root:x:0:0")
    (docs / "pw.txt").symlink_to(tmp_path / "passwd")
    index = tmp_path / "index"
    changes = build_index(docs, index, quick, follow_links=True)
    assert changes.added == ["border.md", "pw.txt", "rents.txt"]
    # The manifest says that links were followed.
    assert Originals.open(index).read("pw.txt") == b"root:x:0:0"
    assert verify(index).stale == []
    # The next run drops what it may not read.
    changes = build_index(docs, index, quick)
    assert (changes.removed, [(each.document_id, each.kept) for each in changes.skipped]) == (
        ["pw.txt"], [("pw.txt", False)],
    )  # fmt: skip
    assert set(Index.open(index).documents) == {"border.md", "rents.txt"}
    assert build_index(docs, index, quick).unchanged == ["border.md", "rents.txt"]
    (docs / "border.md").unlink()
    (docs / "border.md").symlink_to(tmp_path / "passwd")
    with pytest.raises(DocumentError, match=r"^border\.md: lies outside the indexed folders \(links out of"):
        Originals.open(index).read("border.md")
