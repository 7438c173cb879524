import os
from pathlib import Path

import pathspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import DocumentError, InputError
from rag.formats import parse
from rag.formats.text import decode
from rag.sources import ignored
from rag.sources.discovery import Source, find_sources, read_bytes, survey
from rag.types import Document


def _document(path: Path) -> Document:
    source = Source(path.name, path)
    return parse(path.name, read_bytes(source)).documents[0]


def test_text_file_is_decoded_and_unchanged(tmp_path: Path) -> None:
    text = "Line one.\r\nCafé 👩‍👩‍👧 e\u0301\x0c\n\n  end"
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode())
    document = _document(path)
    assert document.text == text
    assert (document.title, document.metadata) == ("a", {"encoding": "utf-8"})
    with path.open(encoding=str(document.metadata["encoding"]), newline="") as file:
        assert file.read() == text


def test_front_matter_becomes_metadata(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(
        "---\ntitle: The border\ndate: 2022-10-22\nsources:\n  - author: Banyan\n---\n\n# Heading\n\nText.\n"
    )
    document = _document(path)
    assert document.title == "The border"
    assert document.metadata == {
        "title": "The border", "date": "2022-10-22", "sources": [{"author": "Banyan"}], "encoding": "utf-8",
    }  # fmt: skip
    assert document.text[document.body :] == "\n# Heading\n\nText.\n"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# The first heading #\n\nText.", "The first heading"),
        ("Text only.", "a"),
        ("---\nNot: closed\n", "a"),
        ("---\ntitle: {a: b}\n---\nText", "a"),
    ],
)
def test_title_is_the_first_heading_else_the_file_name(tmp_path: Path, text: str, title: str) -> None:
    path = tmp_path / "a.md"
    path.write_text(text)
    assert _document(path).title == title


@pytest.mark.parametrize(
    ("raw", "text", "encoding"),
    [
        ("Grüße".encode("utf-16"), "Grüße", "utf-16"),
        ("Grüße".encode("utf-32"), "Grüße", "utf-32"),
        ("Grüße".encode("utf-8-sig"), "Grüße", "utf-8-sig"),
    ],
)
def test_a_byte_order_mark_decides_the_encoding(raw: bytes, text: str, encoding: str) -> None:
    assert decode(raw) == (text, encoding)
    assert raw.decode(encoding) == text


def test_latin_1_is_recognised() -> None:
    text = "Le président français était à l'étranger; sa réponse a été très différée. " * 8
    decoded, encoding = decode(text.encode("latin-1"))
    assert decoded == text
    assert text.encode(encoding) == text.encode("latin-1")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "the file is empty"),
        (b" \n\t ", "the file is empty"),
        ("Größe, Maß, Füße und ".encode() * 20 + b"\xff\xfe and so on", "broken UTF-8 at byte 520"),
        (b"text\x00with a NUL", "holds NUL bytes"),
        ("UTF-16 without a mark".encode("utf-16-le"), "UTF-16 without a byte-order mark; save it as UTF-8"),
        (bytes(range(256)) * 40, "binary"),
        (b"\x01\x02\x03\x04 mostly control", "full of control characters"),
        (b"\xff\xfeodd", "broken UTF-16"),
    ],
)
def test_binary_or_broken_text_is_refused_with_reason(tmp_path: Path, raw: bytes, message: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(raw)
    with pytest.raises(DocumentError, match=message):
        _document(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("---\ntitle: [open\n---\nText.", "front matter is not YAML in line"),
        ("---\ntitle: T\n---\n\n", "no text in it"),
    ],
)
def test_invalid_markdown_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.md"
    path.write_text(text)
    with pytest.raises(DocumentError, match=message):
        _document(path)


def test_file_of_50_mb_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    with pytest.raises(DocumentError, match=r"50\.0 MB; the limit is 20 MB, so split it"):
        _document(path)


def test_ids_are_relative_paths_of_supported_visible_files(tmp_path: Path) -> None:
    for name in ("b.md", "sub/a.TXT", ".hidden/c.md", ".d.md", "e.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [source.document_id for source in find_sources([tmp_path])] == ["b.md", "sub/a.TXT"]


def test_files_of_unsupported_formats_are_counted_by_suffix(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    for name in ("a.md", "b.MP4", "sub/c.mp4", "sub/d.exe", "Makefile", ".hidden.exe", ".git/e.exe", "out/f.exe"):
        (docs / name).parent.mkdir(parents=True, exist_ok=True)
        (docs / name).write_text("x")
    (docs / ".ragignore").write_text("out/\n")
    (docs / "index/version-1").mkdir(parents=True)
    (docs / "index/current").write_text("version-1")
    assert survey([docs, docs / "a.md"]).unsupported == {".mp4": 2, ".exe": 1, "": 1}


def test_several_paths_prepend_the_folder_name(tmp_path: Path) -> None:
    for name in ("one/a.md", "two/a.md", "single.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    sources = find_sources([tmp_path / "one", tmp_path / "two", tmp_path / "single.txt"])
    assert [source.document_id for source in sources] == ["one/a.md", "single.txt", "two/a.md"]


def test_two_files_with_the_same_id_are_refused(tmp_path: Path) -> None:
    for name in ("one/x/a.md", "two/x/a.md"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("x")
    with pytest.raises(InputError, match=r"would share the id 'x/a\.md'"):
        find_sources([tmp_path / "one/x", tmp_path / "two/x"])


def test_paths_without_supported_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"x")
    with pytest.raises(InputError, match="nowhere: no such file or folder"):
        find_sources([tmp_path / "nowhere"])
    with pytest.raises(InputError, match=r"no supported files there; name a folder that holds"):
        find_sources([tmp_path])
    with pytest.raises(InputError, match=r"film\.mp4: unsupported format \.mp4; supported are .*\.md"):
        find_sources([tmp_path / "film.mp4"])


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """A folder with links: to a file and a folder outside, to a file inside, and to nothing."""
    docs = tmp_path / "docs"
    (docs / "sub").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.txt").write_text("root:x:0:0")
    (docs / "a.md").write_text("The ferry leaves at nine.")
    (docs / "sub/pw.txt").symlink_to(tmp_path / "outside/secret.txt")
    (docs / "copy.md").symlink_to("sub/../a.md")
    (docs / "far").symlink_to(tmp_path / "outside")
    (docs / "near").symlink_to("sub")
    return docs


def _outcomes(docs: Path, *, follow_links: bool = False) -> dict[str, str]:
    found = {}
    for source in find_sources([docs], follow_links=follow_links):
        try:
            found[source.document_id] = read_bytes(source).decode()
        except DocumentError as error:
            found[source.document_id] = str(error)
    return found


def test_link_out_of_the_folder_is_not_read_and_named(linked: Path) -> None:
    assert _outcomes(linked) == {
        "a.md": "The ferry leaves at nine.",
        "copy.md": "The ferry leaves at nine.",
        "far": "is a link to a folder outside the indexed folder, which is not followed; index that folder too",
        "sub/pw.txt": "is a link to a file outside the indexed folder, which is not followed; index that file too, or "
        "use --follow-links",
    }


def test_link_out_of_the_folder_is_read_on_request(linked: Path) -> None:
    ferry = "The ferry leaves at nine."
    assert _outcomes(linked, follow_links=True) == {"a.md": ferry, "copy.md": ferry, "sub/pw.txt": "root:x:0:0"}


def test_named_link_is_followed(linked: Path) -> None:
    (linked.parent / "link").symlink_to(linked)
    assert _outcomes(linked.parent / "link").keys() == _outcomes(linked).keys()
    assert _outcomes(linked.parent / "link")["copy.md"] == "The ferry leaves at nine."
    assert _outcomes(linked / "sub/pw.txt") == {"pw.txt": "root:x:0:0"}


def test_file_replaced_by_a_link_after_the_search_is_not_read(linked: Path) -> None:
    sources = {source.document_id: source for source in find_sources([linked])}
    (linked / "a.md").unlink()
    (linked / "a.md").symlink_to(linked.parent / "outside/secret.txt")
    for name in ("a.md", "copy.md"):
        with pytest.raises(DocumentError, match="is a link to a file outside the indexed folder"):
            read_bytes(sources[name])


def test_folder_replaced_by_a_link_after_the_search_is_not_read(linked: Path) -> None:
    (linked / "sub/secret.txt").write_text("inside")
    source = next(each for each in find_sources([linked]) if each.document_id == "sub/secret.txt")
    (linked / "sub").rename(linked / "other")
    (linked / "sub").symlink_to(linked.parent / "outside")
    with pytest.raises(DocumentError, match="is a link to a file outside the indexed folder"):
        read_bytes(source)


def test_pipe_behind_a_link_is_refused_without_waiting(linked: Path) -> None:
    os.mkfifo(linked / "pipe")
    (linked / "b.txt").symlink_to("pipe")
    assert _outcomes(linked)["b.txt"] == "is not a regular file; copy its contents into one"


@given(st.lists(st.sampled_from("ab*?"), min_size=1, max_size=8), st.text("ab", min_size=1, max_size=8))
def test_ignore_patterns_keep_their_meaning_in_linear_time(pattern: list[str], name: str) -> None:
    original = pathspec.GitIgnoreSpec.from_lines(["".join(pattern), f"x{''.join(pattern)}[ab]*b"])
    for each in original.patterns:
        assert each.regex is not None
        linear = ignored._linear(each.regex)
        for path in (name, f"x{name}", f"c/{name}", f"{name}/c"):
            assert bool(linear.match(path)) == bool(each.regex.match(path))


def test_ignore_file_with_many_wildcards_is_read(tmp_path: Path) -> None:
    (tmp_path / ("a" * 240 + ".md")).write_text("x")
    (tmp_path / ("a" * 20 + "b.md")).write_text("x")
    (tmp_path / ".ragignore").write_text("*a" * 15 + "*b*\n")
    assert [source.path.name for source in find_sources([tmp_path])] == ["a" * 240 + ".md"]
