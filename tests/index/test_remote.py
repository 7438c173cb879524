"""Indexing files in object storage, of a real S3 server on this machine."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag import DocumentError, Encoder, Index, InputError, build_index, verify
from rag.cli import main
from rag.index import Manifest, current_version
from rag.index.originals import Originals
from rag.sources.remote import RemoteFolder, file_system, location
from tests.s3 import KEY, SECRET, S3Server, s3_server

BORDER = "The border between Kazakhstan and Russia is 7,644 km long."
RENTS = "Rents in Almaty doubled after the newcomers came."


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture
def s3(server: S3Server, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    """A bucket with two files, an ignored and a hidden one below a prefix; the URL of the prefix."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    file_system.cache_clear()
    bucket = request.node.name[:60].lower().replace("_", "-").strip("[]-").replace("[", "-").replace("/", "")
    server.make_bucket(bucket)
    for name, content in {
        "docs/border.md": BORDER,
        "docs/a b#1?/rents ü.txt": RENTS,
        "docs/private/x.txt": "Nobody reads this.",
        "docs/.hidden/y.txt": "Nor this.",
        "docs/.ragignore": "private/\n",
        "docs/program.exe": "no document",
        "other/z.txt": "Outside the prefix.",
    }.items():
        server.put(f"{bucket}/{name}", content)
    yield f"s3://{bucket}/docs"
    file_system.cache_clear()


def test_ids_are_relative_and_texts_exact(s3: str, tmp_path: Path, quick: Encoder) -> None:
    changes = build_index(s3, tmp_path / "index", quick)
    assert (changes.added, changes.unsupported) == (["a b#1?/rents ü.txt", "border.md"], {".exe": 1})
    documents = Index.open(tmp_path / "index").documents
    assert {name: document.text for name, document in documents.items()} == {
        "a b#1?/rents ü.txt": RENTS,
        "border.md": BORDER,
    }
    assert Manifest.read(current_version(tmp_path / "index")).sources == [s3]
    found = verify(tmp_path / "index")
    assert (found.problems, found.stale, found.unsupported) == ([], [], {".exe": 1})


def test_index_equals_that_of_local_copies(s3: str, tmp_path: Path, quick: Encoder) -> None:
    build_index(s3, tmp_path / "remote", quick)
    (tmp_path / "docs" / "a b#1?").mkdir(parents=True)
    (tmp_path / "docs" / "border.md").write_text(BORDER)
    (tmp_path / "docs" / "a b#1?" / "rents ü.txt").write_text(RENTS)
    build_index(tmp_path / "docs", tmp_path / "local", quick)
    remote, local = Index.open(tmp_path / "remote"), Index.open(tmp_path / "local")
    assert list(remote.passages) == list(local.passages)
    assert [each.hash for each in remote.store.files().values()] == [each.hash for each in local.store.files().values()]


def test_unchanged_objects_are_not_read_again(s3: str, server: S3Server, tmp_path: Path, quick: Encoder) -> None:
    server.gets()
    build_index(s3, tmp_path / "index", quick)
    assert server.gets() == 3  # two documents and .ragignore
    assert len(build_index(s3, tmp_path / "index", quick).unchanged) == 2
    assert server.gets() == 1
    server.put(f"{s3.removeprefix('s3://')}/border.md", BORDER + " It is guarded.")
    changes = build_index(s3, tmp_path / "index", quick)
    assert (changes.changed, len(changes.unchanged), server.gets()) == (["border.md"], 1, 2)
    server.delete(f"{s3.removeprefix('s3://')}/border.md")
    assert build_index(s3, tmp_path / "index", quick).removed == ["border.md"]


def test_single_object_is_indexed_by_its_name(s3: str, tmp_path: Path, quick: Encoder) -> None:
    assert build_index(f"{s3}/border.md", tmp_path / "index", quick).added == ["border.md"]
    with pytest.raises(InputError, match=r"program\.exe: unsupported format; supported are"):
        build_index(f"{s3}/program.exe", tmp_path / "index", quick)


def test_several_sources_are_told_apart_by_name(s3: str, tmp_path: Path, quick: Encoder) -> None:
    (tmp_path / "docs2").mkdir()
    (tmp_path / "docs2" / "border.md").write_text("Another border.")
    changes = build_index([s3, tmp_path / "docs2"], tmp_path / "index", quick)
    assert changes.added == ["docs/a b#1?/rents ü.txt", "docs/border.md", "docs2/border.md"]
    originals = Originals.open(tmp_path / "index")
    assert originals.read("docs2/border.md") == b"Another border."


def test_limits_of_a_file_hold(s3: str, server: S3Server, tmp_path: Path, quick: Encoder) -> None:
    bucket = s3.removeprefix("s3://")
    server.put(f"{bucket}/empty.txt", "")
    server.put(f"{bucket}/large.txt", b"x" * 20_000_001)
    server.put(f"{bucket}/blank.md", "  \n")
    server.put(f"{bucket}/broken.pdf", b"%PDF no")
    server.gets()
    skipped = {each.document_id: each.reason for each in build_index(s3, tmp_path / "index", quick).skipped}
    assert skipped["empty.txt"] == skipped["blank.md"] == "the file is empty"
    assert skipped["large.txt"].startswith("20.0 MB; the limit is 20 MB")
    assert "broken.pdf" in skipped
    # The two documents, .ragignore, blank.md, broken.pdf; what is too large is not fetched.
    assert server.gets() == 5


def test_object_that_changes_while_it_is_read_is_skipped(s3: str, server: S3Server) -> None:
    files = dict(RemoteFolder(s3).files())
    server.put(f"{s3.removeprefix('s3://')}/border.md", BORDER.upper())
    with pytest.raises(DocumentError, match="changed while it was being read"):
        files["border.md"].read(1_000_000)


def test_source_view_names_the_storage(s3: str, tmp_path: Path, quick: Encoder) -> None:
    build_index(s3, tmp_path / "index", quick)
    with pytest.raises(
        DocumentError, match=r"border\.md: lies in a remote storage \(s3://.*\), which only `rag index`"
    ):
        Originals.open(tmp_path / "index").read("border.md")


def test_credentials_reach_no_file_and_no_log(
    s3: str, tmp_path: Path, quick: Encoder, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        build_index(s3, tmp_path / "index", quick)
    written = b"".join(path.read_bytes() for path in (tmp_path / "index").rglob("*") if path.is_file())
    assert b"border.md" in written
    for secret in (KEY, SECRET):
        assert secret.encode() not in written
        assert secret not in caplog.text


def test_missing_bucket_or_folder_is_a_clear_error(s3: str, tmp_path: Path, quick: Encoder) -> None:
    for url in ("s3://no-such-bucket/docs", f"{s3}/nothing"):
        with pytest.raises(InputError, match=rf"^{url}: is missing; check the name$"):
            build_index(url, tmp_path / "index", quick)
    assert not (tmp_path / "index").exists()


def test_refused_bucket_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick: Encoder) -> None:
    with s3_server(tmp_path, refuses=True) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        file_system.cache_clear()
        with pytest.raises(
            InputError, match=r"s3://docs/reports: access is refused; check the credentials in"
        ) as found:
            build_index("s3://docs/reports", tmp_path / "index", quick)
    file_system.cache_clear()
    assert KEY not in str(found.value)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("s3://user:secret@host/docs", "holds a user name, a password or a query"),
        ("https://host/a.pdf?token=secret", "holds a user name, a password or a query"),
        ("file:///etc", "name the folder itself"),
        ("zip://*.txt::s3://bucket/a.zip", "combines several file systems"),
        ("nonsense://place", "unknown protocol"),
    ],
)
def test_unusable_url_is_refused_without_repeating_a_secret(
    url: str, message: str, tmp_path: Path, quick: Encoder
) -> None:
    with pytest.raises(InputError, match=message) as found:
        build_index(url, tmp_path / "index", quick)
    assert "secret" not in str(found.value)


def test_watching_a_url_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", "s3://bucket/docs", "--watch"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--watch: watches local files and folders only" in line


def test_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.sources.remote.find_spec", lambda name: None)
    file_system.cache_clear()
    with pytest.raises(InputError, match=r"s3://: a package is missing; install rag\[s3\]"):
        list(RemoteFolder("s3://bucket/docs").files())


def test_other_file_systems_of_fsspec_are_read(tmp_path: Path, quick: Encoder) -> None:
    system = file_system("memory")
    system.pipe_file("/rivers/ob.txt", b"The Ob is 3,650 km long.")
    assert build_index("memory://rivers", tmp_path / "index", quick).added == ["ob.txt"]
    assert build_index("memory://rivers", tmp_path / "index", quick).unchanged == ["ob.txt"]
    system.pipe_file("/rivers/ob.txt", b"The Ob is 3,700 km long.")
    assert build_index("memory://rivers", tmp_path / "index", quick).changed == ["ob.txt"]


def test_paths_and_urls_are_told_apart() -> None:
    assert location("s3://bucket/docs") == RemoteFolder("s3://bucket/docs")
    assert location("C:/docs") == Path("C:/docs")
    assert location("docs") == Path("docs")
