import io
import stat
import zipfile

import pytest

from rag.errors import DocumentError
from rag.formats import Remark, archive, parse


def _zip(members: dict[str | zipfile.ZipInfo, str | bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in members.items():
            target.writestr(name, content)
    return packed.getvalue()


def _skipped(raw: bytes) -> list[Remark]:
    return parse("a.zip", raw).skipped


def test_archive_is_read_like_a_folder() -> None:
    raw = _zip(
        {
            "inner/": "",
            "inner/path.md": "# Head\n\nText.",
            "t.csv": "text,n\nOne.,1\n,\n",
            "b.txt": "Text: é".encode("cp1252"),
        }
    )
    parsed = parse("x/old.zip", raw)
    assert [(d.id, d.title, d.text) for d in parsed.documents] == [
        ("x/old.zip/inner/path.md", "Head", "# Head\n\nText."),
        ("x/old.zip/t.csv#1", "t#1", "text: One.\tn: 1"),
        ("x/old.zip/b.txt", "b", "Text: é"),
    ]
    assert {remark.document_id for remark in parsed.warnings} == {"x/old.zip/t.csv", "x/old.zip/b.txt"}
    assert parsed.documents[0].places[0].heading == "Head"


def test_unsupported_members_are_named_and_hidden_ones_ignored() -> None:
    members = [".hidden.md", "a/.git/b.md", "__MACOSX/._c.md", "film.mp4", "README", "kept.md"]
    parsed = parse("a.zip", _zip(dict.fromkeys(members, "Text.")))
    assert [document.id for document in parsed.documents] == ["a.zip/kept.md"]
    assert parsed.skipped == []
    assert parsed.warnings == [
        Remark("a.zip", "2 files are not read; their formats are not supported: film.mp4, README")
    ]
    assert parsed.warnings[0].is_unread


@pytest.mark.parametrize("name", ["../up.md", "a/../../up.md", "/etc/abs.md", "C:/abs.md", "..\\up.md", "C:\\abs.md"])
def test_names_outside_the_archive_are_skipped(name: str) -> None:
    parsed = parse("a.zip", _zip({name: "Text.", "good.md": "Good."}))
    shown = name.replace("\\", "/").lstrip("/")
    reason = "its name points outside the archive, so it is not unpacked; pack it again"
    assert parsed.skipped == [Remark(f"a.zip/{shown}", reason)]
    assert [document.id for document in parsed.documents] == ["a.zip/good.md"]


def test_links_nested_archives_and_duplicates_are_skipped() -> None:
    link = zipfile.ZipInfo("link.md")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with pytest.warns(UserWarning, match="Duplicate name"):
        packed = io.BytesIO(
            _zip({link: "/etc/passwd", "in.zip": _zip({"a.md": "x"}), "in.tar.gz": "x", "twice.md": "One."})
        )
        with zipfile.ZipFile(packed, "a") as target:
            target.writestr("twice.md", "Two.")
    parsed = parse("a.zip", packed.getvalue())
    assert parsed.skipped == [
        Remark("a.zip/link.md", "is a symbolic link, which is not followed; pack the file itself"),
        Remark("a.zip/in.zip", "is an archive in an archive, which is not supported; unpack it"),
        Remark("a.zip/in.tar.gz", "is an archive in an archive, which is not supported; unpack it"),
        Remark("a.zip/twice.md", "is the second file of this name in the archive; give it another"),
    ]
    assert [document.text for document in parsed.documents] == ["One."]


def test_encrypted_member_is_skipped_with_remedy() -> None:
    raw = bytearray(_zip({"secret.md": "Text.", "open.md": "Open."}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(signature) + offset] |= 1
    parsed = parse("a.zip", bytes(raw))
    reason = "is protected by a password; unpack the archive, or pack it without one"
    assert parsed.skipped == [Remark("a.zip/secret.md", reason)]
    assert [document.text for document in parsed.documents] == ["Open."]


def test_damaged_member_does_not_stop_the_others() -> None:
    raw = bytearray(_zip({"a.md": "A text that will be damaged. " * 9, "b.pdf": "no pdf", "c.md": "", "d.md": "Good."}))
    at = raw.index(b"a.md") + 10
    raw[at : at + 8] = b"\xff" * 8
    parsed = parse("a.zip", bytes(raw))
    assert [document.text for document in parsed.documents] == ["Good."]
    assert parsed.skipped == [
        Remark("a.zip/a.md", "is damaged in the archive; pack it again"),
        Remark("a.zip/b.pdf", "is damaged or not a PDF; open it in a viewer and save or print it as PDF again"),
        Remark("a.zip/c.md", "the file is empty"),
    ]


@pytest.mark.parametrize("name", ["қазақ тілі/мәтін.md", "日本語.md", "é e\u0301 👩‍👩‍👧.md"])
def test_unicode_names_are_read_with_or_without_utf8_flag(name: str) -> None:
    raw = _zip({name: "Text."})
    assert parse("a.zip", raw).documents[0].id == f"a.zip/{name}"
    silent = bytearray(raw)
    for signature, offset in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        silent[silent.index(signature) + offset] &= ~0x08
    assert parse("a.zip", bytes(silent)).documents[0].id == f"a.zip/{name}"


def test_zip_bomb_is_stopped_while_unpacking(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = _zip({"bomb.md": b"a" * 19_000_000, "good.md": "Good."})
    real, read = zipfile.ZipExtFile.read, 0

    def counting(self: zipfile.ZipExtFile, n: int | None = -1) -> bytes:
        nonlocal read
        chunk = real(self, n)
        read += len(chunk)
        return chunk

    monkeypatch.setattr(zipfile.ZipExtFile, "read", counting)
    parsed = parse("a.zip", raw)
    reason = "unpacks to over 200 times its size, so it may be a zip bomb; unpack it yourself"
    assert parsed.skipped == [Remark("a.zip/bomb.md", reason)]
    assert [document.text for document in parsed.documents] == ["Good."]
    assert 1_000_000 < read < 6_000_000


def test_member_above_its_format_limit_is_skipped() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as target:
        target.writestr("big.txt", b"word " * 4_200_000)
    assert _skipped(packed.getvalue()) == [Remark("a.zip/big.txt", "unpacks to more than 20 MB, the limit; split it")]


def test_member_with_false_size_is_skipped() -> None:
    raw = bytearray(_zip({"bomb.md": b"a" * 5_000_000, "good.md": "Good."}))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = raw.index(signature) + offset
        raw[at : at + 4] = (100).to_bytes(4, "little")
    parsed = parse("a.zip", bytes(raw))
    assert parsed.skipped == [Remark("a.zip/bomb.md", "is damaged in the archive; pack it again")]
    assert [document.text for document in parsed.documents] == ["Good."]


def test_total_unpacked_size_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_UNPACKED", 1_000)
    parsed = parse("a.zip", _zip({f"{i}.md": "x" * 400 for i in range(4)}))
    assert len(parsed.documents) == 2
    assert {remark.document_id for remark in parsed.skipped} == {"a.zip/2.md", "a.zip/3.md"}
    assert parsed.skipped[0].text == "the archive unpacks to more than 0 MB, the limit; split it"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"no zip", "is damaged or not a zip archive; pack it again"),
        (_zip({"a.md": "x"})[:-30], "is damaged or not a zip archive"),
        (_zip({}), "holds no file of a supported format"),
        (_zip({"a.mp4": "x"}), "holds no file of a supported format"),
        (
            _zip({f"{i}.md": "" for i in range(10_001)}),
            "holds 10,001 files; the limit is 10,000, so split it or unpack it",
        ),
    ],
    ids=["no zip", "cut", "empty", "pictures", "many"],
)
def test_unusable_archive_is_rejected(raw: bytes, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        parse("a.zip", raw)
