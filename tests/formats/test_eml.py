import io
import zipfile
from email.message import EmailMessage
from email.policy import SMTP

import docx
import pytest

from rag.errors import DocumentError
from rag.formats import Remark, parse, read_part


def _message(text: str = "The pier is closed.\nUse the east gate.\n", subject: str = "Pier works") -> EmailMessage:
    made = EmailMessage()
    made["Subject"] = subject
    made["From"] = "Ana Ruíz <ana@harbour.example>"
    made["To"] = "crew@harbour.example, Paul Renner <paul@harbour.example>"
    made["Date"] = "Tue, 05 Mar 2024 23:30:00 +0100"
    made.set_content(text)
    return made


def _docx(text: str) -> bytes:
    made = docx.Document()
    made.add_paragraph(text)
    saved = io.BytesIO()
    made.save(saved)
    return saved.getvalue()


HEAD = (
    "Subject: Pier works\nFrom: Ana Ruíz <ana@harbour.example>\n"
    "To: crew@harbour.example, Paul Renner <paul@harbour.example>\nDate: Tue, 05 Mar 2024 23:30:00 +0100"
)


def test_message_is_its_headers_and_its_text() -> None:
    parsed = parse("letters/a.eml", _message().as_bytes(policy=SMTP))
    (document,) = parsed.documents
    assert (document.id, document.title) == ("letters/a.eml", "Pier works")
    assert document.text == HEAD + "\n\nThe pier is closed.\nUse the east gate."
    assert document.metadata == {
        "title": "Pier works", "author": "Ana Ruíz", "from": "Ana Ruíz <ana@harbour.example>",
        "to": "crew@harbour.example, Paul Renner <paul@harbour.example>", "date": "2024-03-05",
    }  # fmt: skip
    assert parsed.skipped == parsed.warnings == []


def test_plain_text_is_read_before_html() -> None:
    message = _message("Plain words.")
    message.add_alternative("<p>Marked words.</p>", subtype="html")
    assert parse("a.eml", message.as_bytes()).documents[0].text == HEAD + "\n\nPlain words."


def test_calendar_entry_of_an_invitation_is_counted() -> None:
    message = _message("Come at nine.")
    message.add_alternative("BEGIN:VCALENDAR", subtype="calendar")
    parsed = parse("a.eml", message.as_bytes())
    assert parsed.documents[0].text == HEAD + "\n\nCome at nine."
    assert [remark.text for remark in parsed.warnings] == [
        "1 attachment is not read; its format is not supported: unnamed.ics"
    ]


def test_html_text_is_read_where_the_plain_one_is_blank() -> None:
    message = _message("  \n")
    message.add_alternative("<h1>Closed</h1><p>The <b>pier</b>.</p><img src='cid:a'>", subtype="html")
    html = message.get_payload()[1]
    html.add_related(b"\x89PNG", "image", "png", cid="<a>", filename="logo.png")
    parsed = parse("a.eml", message.as_bytes())
    (document,) = parsed.documents
    assert document.text == HEAD + "\n\nClosed\n\nThe pier."
    assert document.place(len(document.text) - 1).heading == "Closed"
    assert parsed.warnings == [Remark("a.eml", "1 inline picture is not read")]


def test_attachments_are_documents_and_others_are_named() -> None:
    message = _message()
    message.add_attachment(_docx("The plan."), "application", "octet-stream", filename="plan ü.docx")
    message.add_attachment("a,text\n1,One.\n2,Two.\n", subtype="csv", filename="sub/t.csv")
    message.add_attachment(b"\0\0", "video", "mp4", filename="film.mp4")
    message.add_attachment(b"PK", "application", "zip", filename="more.zip")
    message.add_attachment(b"no pdf", "application", "pdf", filename="bad.pdf")
    message.add_attachment("Second.", filename="note.txt")
    message.add_attachment("Third.", filename="note.txt")
    raw = message.as_bytes()
    parsed = parse("x/a.eml", raw)
    assert [(d.id, d.text) for d in parsed.documents[1:]] == [
        ("x/a.eml/plan ü.docx", "The plan."),
        ("x/a.eml/t.csv#1", "a: 1\ttext: One."), ("x/a.eml/t.csv#2", "a: 2\ttext: Two."),
        ("x/a.eml/note.txt", "Second.\n"), ("x/a.eml/note (2).txt", "Third.\n"),
    ]  # fmt: skip
    assert parsed.skipped == [
        Remark("x/a.eml/more.zip", "is an archive in a message, which is not supported; save and unpack it"),
        Remark("x/a.eml/bad.pdf", "is damaged or not a PDF; open it in a viewer and save or print it as PDF again"),
    ]
    assert parsed.warnings == [
        Remark("x/a.eml/t.csv", "columns: a, text"),
        Remark("x/a.eml", "1 attachment is not read; its format is not supported: film.mp4"),
    ]
    assert read_part("a.eml", raw, "note (2).txt") == b"Third.\n"
    assert read_part("a.eml", raw, "t.csv").startswith(b"a,text")
    with pytest.raises(DocumentError, match="is not attached to the message"):
        read_part("a.eml", raw, "gone.txt")


def test_attached_message_and_message_in_an_archive_are_read() -> None:
    inner = _message("From here on, inner words.", subject="Inner")
    inner.add_attachment("Deep.", filename="deep.txt")
    outer = _message()
    outer.add_attachment(inner)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        target.writestr("in/a.eml", outer.as_bytes())
    raw = packed.getvalue()
    parsed = parse("b.zip", raw)
    assert [(d.id, d.title) for d in parsed.documents] == [
        ("b.zip/in/a.eml", "Pier works"), ("b.zip/in/a.eml/message.eml", "Inner"),
        ("b.zip/in/a.eml/message.eml/deep.txt", "deep"),
    ]  # fmt: skip
    assert parsed.documents[1].text.endswith("\n\nFrom here on, inner words.")
    assert read_part("b.zip", raw, "in/a.eml/message.eml/deep.txt") == b"Deep.\n"


def test_messages_deep_within_each_other_are_skipped() -> None:
    message = _message("Innermost.")
    for _ in range(8):
        outer = _message()
        outer.add_attachment(message)
        message = outer
    parsed = parse("a.eml", message.as_bytes())
    assert len(parsed.documents) == 6
    (remark,) = parsed.skipped
    assert remark.text == "lies in more than 5 messages within each other; save it"


def test_headers_in_any_encoding_are_decoded() -> None:
    raw = (
        b"Subject: =?utf-8?q?Caf=C3=A9?=\n =?iso-8859-1?q?_r=E9ouvert?=\nFrom: caf\xc3\xa9@x.example\n"
        b"To: =?no-such?q?=E9?=\n\nText.\n"
    )
    document = parse("a.eml", raw).documents[0]
    assert document.title == "Café réouvert"
    assert document.metadata["author"] == "café@x.example"
    assert document.metadata["to"] == "=?no-such?q?=E9?="


@pytest.mark.parametrize(
    ("charset", "content", "text"),
    [
        ("windows-1252", b"Caf\xe9 \x80", "Café €"),
        ("no-such", "Café".encode(), "Café"),
        ("ascii", b"Caf\xe9!", "Café!"),
    ],
)
def test_text_is_decoded_or_its_encoding_guessed(charset: str, content: bytes, text: str) -> None:
    raw = f"Subject: A\nContent-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: 8bit\n\n".encode()
    parsed = parse("a.eml", raw + content)
    assert parsed.documents[0].text == f"Subject: A\n\n{text}"
    assert [remark.text for remark in parsed.warnings] == [
        f"its text was read as {name}, a guess; its encoding is not as declared"
        for name in {"no-such": ["utf-8"], "ascii": ["cp1252"]}.get(charset, [])
    ]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (
            b"Dear Ana,\n\nno headers.\n",
            "is not an e-mail message: it has no headers; save it as .eml in the mail program",
        ),
        (b"", "the file is empty"),
        (
            b"From: a@b.example\nContent-Type: application/pkcs7-mime\n\nMIIB\n",
            "is encrypted; save it decrypted in the",
        ),
        (b"From: a@b.example\nContent-Type: multipart/encrypted; boundary=x\n\n--x--\n", "is encrypted; save it"),
    ],
)
def test_unreadable_message_is_rejected_with_remedy(raw: bytes, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        parse("a.eml", raw)
