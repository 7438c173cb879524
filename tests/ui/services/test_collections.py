import errno
import os
import shutil
import threading
from pathlib import Path

import pytest
from rag.ui.services.collections import Collection, Collections, given_collection
from rag.ui.services.quota import Quota
from rag.ui.services.uploads import Upload, Versions, safe_name

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
        more = [_upload(uploads, "c.md", "one"), _upload(uploads, "A.md", "two")]
        again = collections.add(made.id, more, Versions.KEEP_BOTH)
        assert [(each.name, each.error) for each in again] == [("c.md", "is there already, as a.md"), ("A (2).md", "")]
        assert collections.files(made.id) == ["A (2).md", "a.md"]

    def test_a_numbered_name_keeps_the_length_limit(self, collections: Collections, tmp_path: Path) -> None:
        made = collections.create("Reports")
        for text in ("one", "two"):
            collections.add(made.id, [_upload(tmp_path / "up", f"{'x' * 200}.md", text)], Versions.KEEP_BOTH)
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


OLD, NEW = (
    "The berth in Vellin harbour costs 310 crowns a year.",
    "The berth in Vellin harbour costs 365 crowns a year.",
)


class TestNewVersions:
    @pytest.fixture
    def prices(self, collections: Collections, tmp_path: Path) -> Collection:
        """A collection that holds an old version."""
        made = collections.create("Prices")
        collections.add(made.id, [_upload(tmp_path / "up", "Prices 2024.txt", OLD)])
        return made

    @pytest.mark.parametrize(
        "name",
        ["Prices 2024.txt", "prices 2024.TXT", "Prices 2024 (2).txt", "Prices 2024(1).txt", "Prices 2024 - Copy.txt",
         "Prices 2024 - Copy (3).txt", "Prices 2024 copy 2.txt"],
    )  # fmt: skip
    def test_new_version_waits_and_then_replaces_the_old_one(
        self, collections: Collections, prices: Collection, tmp_path: Path, name: str
    ) -> None:
        upload = _upload(tmp_path / "up", name, NEW)
        (asked,) = collections.add(prices.id, [upload])
        assert (asked.name.lower(), asked.error, asked.older, asked.waits) == (
            name.lower(), "", "Prices 2024.txt", True,
        )  # fmt: skip
        assert upload.exists()
        assert collections.add(prices.id, [upload], Versions.REPLACE) == [
            Upload("Prices 2024.txt", older="Prices 2024.txt")
        ]
        assert prices.files
        assert [path.read_text() for path in prices.files.iterdir()] == [NEW]

    def test_both_versions_are_kept_if_so_answered(
        self, collections: Collections, prices: Collection, tmp_path: Path
    ) -> None:
        upload = _upload(tmp_path / "up", "Prices 2024.txt", NEW)
        assert collections.add(prices.id, [upload], Versions.KEEP_BOTH) == [Upload("Prices 2024 (2).txt")]
        assert collections.files(prices.id) == ["Prices 2024 (2).txt", "Prices 2024.txt"]

    @pytest.mark.parametrize("name", ["Prices 2024.md", "Prices.txt", "Prices 2024 (2023).txt", "My Prices 2024.txt"])
    def test_another_name_is_no_new_version(
        self, collections: Collections, prices: Collection, tmp_path: Path, name: str
    ) -> None:
        assert collections.add(prices.id, [_upload(tmp_path / "up", name, NEW)]) == [Upload(name)]

    def test_files_of_one_upload_are_no_versions_of_each_other(
        self, collections: Collections, prices: Collection, tmp_path: Path
    ) -> None:
        parts = [_upload(tmp_path / "up", name, name) for name in ("Part.txt", "Part (2).txt")]
        assert [each.waits for each in collections.add(prices.id, parts)] == [False, False]
        names = ("Prices 2024 (1).txt", "Prices 2024 (2).txt")
        replaced = collections.add(
            prices.id, [_upload(tmp_path / "up", name, name) for name in names], Versions.REPLACE
        )
        assert [(each.name, each.older) for each in replaced] == [
            ("Prices 2024.txt", "Prices 2024.txt"), ("Prices 2024 (2).txt", ""),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "the file is empty"),
            (b"\1" * 99, "is full of control characters, so it is binary; save it as UTF-8 text"),
        ],
    )
    def test_version_that_cannot_be_read_replaces_nothing(
        self, collections: Collections, prices: Collection, tmp_path: Path, content: bytes, reason: str
    ) -> None:
        upload = tmp_path / "up" / "Prices 2024.txt"
        upload.write_bytes(content)
        assert collections.add(prices.id, [upload], Versions.REPLACE) == [
            Upload("Prices 2024.txt", f"{reason}; Prices 2024.txt stays as it is")
        ]
        assert prices.files
        assert (prices.files / "Prices 2024.txt").read_text() == OLD

    def test_replaced_version_frees_its_room(self, home: Path, tmp_path: Path) -> None:
        collections = Collections(home, quota=Quota(account=100, total=100))
        made = collections.create("Prices")
        collections.add(made.id, [_upload(tmp_path / "up", "a.txt", "x" * 90)])
        upload = _upload(tmp_path / "up", "a.txt", "y" * 95)
        assert collections.add(made.id, [upload], Versions.KEEP_BOTH)[0].error
        assert not collections.add(made.id, [upload], Versions.REPLACE)[0].error

    def test_old_version_no_longer_answers(
        self, collections: Collections, prices: Collection, tmp_path: Path, encoder: SentenceTransformerEncoder
    ) -> None:
        question = "How much does a berth in Vellin harbour cost?"
        assert prices.files
        build_index(prices.files, prices.index, encoder)
        answer = collections.assistant(prices.id).ask(question).answer
        assert answer
        assert answer.text.startswith("310")
        collections.add(prices.id, [_upload(tmp_path / "up", "Prices 2024 (2).txt", NEW)], Versions.REPLACE)
        build_index(prices.files, prices.index, encoder)
        result = collections.assistant(prices.id).ask(question)
        assert result.answer
        assert result.answer.text.startswith("365")
        assert not any("310" in hit.passage.text for hit in result.hits)


class TestAsking:
    def test_collections_are_separate_and_reload_a_new_index(
        self, collections: Collections, tmp_path: Path, encoder: SentenceTransformerEncoder
    ) -> None:
        made = collections.create("Ferries")
        with pytest.raises(InputError, match="'Ferries' is empty; add documents to it under Documents"):
            collections.assistant(made.id)
        collections.add(made.id, [_upload(tmp_path / "up", "a.md", "The ferry to Baku leaves at nine.")])
        with pytest.raises(InputError, match="'Ferries' is not indexed yet; see its state under Documents"):
            collections.assistant(made.id)
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
