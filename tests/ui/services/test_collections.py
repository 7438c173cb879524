import errno
import os
import shutil
import threading
from pathlib import Path

import pytest
from rag.ui.services.collections import Collections, given_collection
from rag.ui.services.uploads import safe_name

from rag import InputError, SentenceTransformerEncoder, build_index
from tests.waiting import wait_until


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def collections(home: Path, corpus_index: Path, encoder: SentenceTransformerEncoder) -> Collections:
    return Collections(home, [given_collection(corpus_index, "Central Asia", home)], encoder)


def _upload(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(text)
    return path


def _open_for_writing(pipe: Path) -> int | None:
    """A descriptor of a named pipe; None while nobody has opened it for reading."""
    try:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        assert error.errno == errno.ENXIO
        return None


class TestNames:
    def test_a_collection_gets_a_url_safe_id_and_a_folder(self, collections: Collections, home: Path) -> None:
        made = collections.create("  Größe der   Häfen ")
        assert (made.id, made.name) == ("groe-der-hafen", "Größe der Häfen")
        assert made.files == home / "groe-der-hafen" / "files"
        assert [each.name for each in collections.list()] == ["Central Asia", "Größe der Häfen"]

    @pytest.mark.parametrize(
        "name", ["../../x", "名前", "given", "start", "con", "<img onerror>", "👩\u200d👧", ".hidden"]
    )
    def test_no_name_escapes_home_or_takes_a_reserved_id(self, collections: Collections, home: Path, name: str) -> None:
        made = collections.create(name)
        assert made.files
        assert made.files.resolve().parent.parent == home.resolve()
        assert made.id not in ("given", "start", "con")
        assert made.name == name

    @pytest.mark.parametrize("name", ["", "   ", "x" * 61, "x" * 300, "a\x00b", "a\u202eb", "central ASIA"])
    def test_invalid_or_taken_names_are_refused(self, collections: Collections, name: str) -> None:
        with pytest.raises(InputError, match=r"characters; use 1 to 60|invisible characters|already; choose another"):
            collections.create(name)

    @pytest.mark.parametrize("unknown", ["", "..", "../given", "/etc", "x" * 999, "given", None])
    def test_an_unknown_id_is_refused(self, collections: Collections, unknown: str) -> None:
        with pytest.raises(InputError, match=r"^collection .*: not found; choose another one"):
            collections.get(unknown)

    @pytest.mark.parametrize(
        ("name", "safe"),
        [
            ("../../etc/passwd.txt", "passwd.txt"),
            ("..\\..\\x.pdf", "x.pdf"),
            (".hidden.md", "hidden.md"),
            ("<img onerror=1>.MD", "img onerror_1.md"),
            ("con.txt", "_con.txt"),
            ("👩‍👧.txt", "document.txt"),
            ("Größe (2).pdf", "Größe (2).pdf"),
            ("x" * 300 + ".docx", "x" * 95 + ".docx"),
        ],
    )
    def test_file_names_are_sanitized(self, name: str, safe: str) -> None:
        assert safe_name(name) == safe


class TestFiles:
    def test_each_upload_has_an_outcome(self, collections: Collections, tmp_path: Path) -> None:
        made = collections.create("Reports")
        uploads = tmp_path / "up"
        first = collections.add(made.id, [_upload(uploads, "a.md", "one"), _upload(uploads, "b.exe", "x")])
        assert [(each.name, each.error.partition(";")[0]) for each in first] == [
            ("a.md", ""),
            ("b.exe", "unsupported format"),
        ]
        again = collections.add(made.id, [_upload(uploads, "c.md", "one"), _upload(uploads, "A.md", "two")])
        assert [(each.name, each.error) for each in again] == [("c.md", "is there already, as a.md"), ("A (2).md", "")]
        assert collections.files(made.id) == ["A (2).md", "a.md"]

    def test_a_numbered_name_keeps_the_length_limit(self, collections: Collections, tmp_path: Path) -> None:
        made = collections.create("Reports")
        for text in ("one", "two"):
            collections.add(made.id, [_upload(tmp_path / "up", f"{'x' * 200}.md", text)])
        assert collections.files(made.id) == [f"{'x' * 93} (2).md", f"{'x' * 97}.md"]

    def test_a_failed_upload_does_not_affect_the_others(self, collections: Collections, tmp_path: Path) -> None:
        made = collections.create("Reports")
        large = _upload(tmp_path / "up", "large.md", "")
        with large.open("r+b") as file:
            file.truncate(20_000_001)
        became = collections.add(made.id, [large, tmp_path / "up" / "gone.md", _upload(tmp_path / "up", "a.md", "x")])
        assert [(each.name, each.error) for each in became] == [
            ("large.md", "20.0 MB; the limit is 20 MB, so split it"),
            ("gone.md", "cannot be stored (No such file or directory); make room and add it again"),
            ("a.md", ""),
        ]
        assert made.files
        assert [path.name for path in made.files.parent.glob(".*")] == []

    def test_only_a_file_of_the_collection_is_removed(self, collections: Collections, tmp_path: Path) -> None:
        made = collections.create("Reports")
        collections.add(made.id, [_upload(tmp_path / "up", "a.md", "one")])
        outside = _upload(tmp_path, "outside.md", "stays")
        for name in ("../collection.json", str(outside), "b.md", ""):
            with pytest.raises(InputError, match=r"^file .*: not in the collection"):
                collections.remove(made.id, name)
        collections.remove(made.id, "a.md")
        assert collections.files(made.id) == []
        assert outside.exists()

    def test_the_given_collection_cannot_be_changed(self, collections: Collections, tmp_path: Path) -> None:
        for change in (
            lambda: collections.add("start", [_upload(tmp_path, "a.md", "x")]),
            lambda: collections.remove("start", "kazakhstan.md"),
            lambda: collections.delete("start"),
        ):
            with pytest.raises(InputError, match=r"managed with `rag index`|cannot be deleted here"):
                change()

    def test_renaming_keeps_the_id_and_the_documents(
        self, collections: Collections, home: Path, tmp_path: Path, encoder: SentenceTransformerEncoder
    ) -> None:
        made = collections.create("Reports")
        collections.add(made.id, [_upload(tmp_path / "up", "a.md", "one")])
        collections.rename(made.id, "  Ferry   reports ")
        collections.rename("start", "Articles")
        for each in (collections, Collections(home, [collections.get("start")], encoder)):
            assert [(one.id, one.name) for one in each.list()] == [("start", "Articles"), (made.id, "Ferry reports")]
        assert collections.files(made.id) == ["a.md"]
        collections.rename(made.id, "FERRY reports")
        assert collections.get(made.id).name == "FERRY reports"

    @pytest.mark.parametrize(
        ("name", "reason"),
        [("", "use 1 to 60"), ("x" * 61, "use 1 to 60"), ("start", "exists already"), ("a\0", "invisible")],
    )
    def test_unsuitable_name_is_refused(self, collections: Collections, name: str, reason: str) -> None:
        made = collections.create("Reports")
        with pytest.raises(InputError, match=reason):
            collections.rename(made.id, collections.get("start").name if name == "start" else name)
        assert collections.get(made.id).name == "Reports"

    def test_deleting_removes_only_that_collection(self, collections: Collections, home: Path) -> None:
        one, other = collections.create("One"), collections.create("Other")
        collections.delete(one.id)
        assert [each.id for each in collections.list()] == ["start", other.id]
        assert [path.name for path in home.iterdir()] == [other.id]

    def test_renaming_does_not_bring_back_a_deleted_collection(
        self, collections: Collections, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = collections.create("Reports")
        collections.delete(made.id)
        # It is deleted after it was found.
        monkeypatch.setattr(collections, "get", lambda _: made)
        with pytest.raises(
            InputError, match=r"cannot be changed \(.+\); make room, or check the permissions of the collections folder"
        ):
            collections.rename(made.id, "Again")
        assert not (home / made.id).exists()


class TestAsking:
    def test_collections_are_separate_and_reload_a_new_index(
        self, collections: Collections, tmp_path: Path, encoder: SentenceTransformerEncoder
    ) -> None:
        made = collections.create("Ferries")
        with pytest.raises(InputError, match="'Ferries' is empty; add documents to it under Documents"):
            collections.assistant(made.id)
        collections.add(made.id, [_upload(tmp_path / "up", "a.md", "The ferry to Baku leaves at nine.")])
        assert made.files
        build_index(made.files, made.index, encoder)
        first = collections.assistant(made.id)
        assert collections.assistant(made.id) is first
        assert set(first.index.documents) == {"a.md"}
        assert "kazakhstan.md" in collections.assistant("start").index.documents
        collections.add(made.id, [_upload(tmp_path / "up", "b.md", "The train to Osh leaves at ten.")])
        build_index(made.files, made.index, encoder)
        assert set(collections.assistant(made.id).index.documents) == {"a.md", "b.md"}

    def test_questions_are_answered_during_an_upload(self, collections: Collections, tmp_path: Path) -> None:
        made = collections.create("Slow")
        uploads = tmp_path / "up"
        uploads.mkdir()
        # Reading a pipe blocks until its writer closes it. It is hashed because another file has its size, 0 bytes.
        collections.add(made.id, [_upload(uploads, "empty.md", "")])
        pipe = uploads / "pipe.md"
        os.mkfifo(pipe)
        adding = threading.Thread(target=collections.add, args=(made.id, [pipe]), daemon=True)
        adding.start()
        writer = wait_until(lambda: _open_for_writing(pipe))
        try:
            assert collections.assistant("start").ask("How long is the border?").answers
            assert adding.is_alive()
        finally:
            os.close(writer)
        adding.join()

    def test_a_damaged_description_is_skipped(self, collections: Collections, home: Path) -> None:
        collections.create("Good")
        (home / "bad").mkdir()
        (home / "bad" / "collection.json").write_text("{")
        shutil.copytree(home / "good", home / "No Id")
        assert [each.id for each in collections.list()] == ["start", "good"]
        assert (home / "bad" / "collection.json").read_text() == "{"
