"""Citations, exports, and the check of exported quotes."""

import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rag import (
    Answer,
    AnswerKind,
    Assistant,
    Document,
    InputError,
    Passage,
    Place,
    Result,
    Seconds,
    Sentence,
    SentenceTransformerEncoder,
    Support,
)
from rag.cli import main
from rag.export.answers import export_entry, export_json
from rag.export.check import Files, Quote, check, read_export
from rag.export.citation import citation, escaped
from rag.export.json import evidence_to_json
from rag.export.markdown import export_markdown, quoted
from rag.export.notes import by_document
from rag.index import Index
from rag.sources.discovery import content_hash

ASKED = datetime(2026, 3, 1, 12, 30, tzinfo=timezone(timedelta(hours=2)))
TEXT = "Rents rose. The border is 7,644 km long. Rents rose again."
BORDER = "How long is the border between Kazakhstan and Russia?"
QUESTION = "How long is it?"
YEAR = "Why did people remember 1916?"


def _answer(document: Document, words: str, sentence: str, **values: Any) -> Answer:
    begin = document.text.index(sentence)
    start = begin + sentence.index(words)
    place = document.place(start)
    return Answer(
        text=words, confidence=0.914, document=document.id, title=document.title, start=start, end=start + len(words),
        page=place.page, heading=place.heading, sentence=Sentence(begin, begin + len(sentence), sentence),
        passage=Passage(document.id, 0, len(document.text), document.text, 1), **values,
    )  # fmt: skip


def _result(answer: Answer | None, reason: str | None = None) -> Result:
    return Result(QUESTION, answer, (answer,) if answer else (), (), reason, Seconds(0, 0, 0))


def _border(document: Document) -> Answer:
    return _answer(document, "7,644 km", "The border is 7,644 km long.")


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            Document("r/b.pdf", TEXT, "The long border", 0, {"author": "Anna Berg", "date": "2022-10-22"},
                     (Place(0, page=3, heading="Facts"),)),
            "“7,644 km” — Anna Berg, “The long border”, 2022-10-22 (r/b.pdf, page 3, under “Facts”, characters 26-34)",
        ),
        (Document("b.md", TEXT, "b"), "“7,644 km” — (b.md, characters 26-34)"),
        (
            Document("b.md", TEXT, "Borders", 0, {"author": ["A", "B", 3, " "], "date": 5},
                     (Place(0, heading="Borders"),)),
            "“7,644 km” — A, B, “Borders” (b.md, characters 26-34)",
        ),
    ],
)  # fmt: skip
def test_citation_has_only_what_the_document_states(document: Document, expected: str) -> None:
    assert citation(_border(document), document) == expected


def test_citation_is_one_line_without_control_characters() -> None:
    document = Document("b\u202etxt.md", "It is 7\r\n  km\x1b[2J long.", "b", 0, {"author": "A\nB"})
    answer = _answer(document, "7\r\n  km\x1b[2J", document.text)
    assert citation(answer, document) == "“7 km\ufffd[2J” — A B, “b” (b\ufffdtxt.md, characters 6-17)"


def test_export_locates_the_words(assistant: Assistant, corpus_index: Path) -> None:
    result = assistant.ask(BORDER)
    answer = result.answer
    assert answer
    index = Index.open(corpus_index)
    missing = assistant.ask("Who won the 1998 football World Cup?")
    exported = json.loads(export_json([export_entry(each, index, ASKED, "Asia") for each in (result, missing)]))
    assert (exported["format"], exported["version"]) == ("rag answers", 1)
    found, not_found = exported["answers"]
    assert found == {
        "question": BORDER, "asked": "2026-03-01T10:30:00Z", "collection": "Asia", "found": True,
        "answer_kind": "span", "items": [],
        "quote": {"text": "7,644 km", "start": answer.start, "end": answer.end},
        "sentence": {"text": answer.sentence.text, "start": answer.sentence.start, "end": answer.sentence.end},
        "document": "kazakhstan.md", "title": "Kazakhstan: the long border", "author": None, "date": "2026-11-24",
        "page": None, "heading": answer.heading,
        "file": {"path": "kazakhstan.md", "sha256": content_hash(Path("corpus/kazakhstan.md").read_bytes())},
        "confidence": answer.confidence,
        "support": [{"document": s.document, "start": s.start, "end": s.end} for s in answer.support],
        "evidence": _further(result, index),
    }  # fmt: skip
    assert found["evidence"][0]["text"] == answer.sentence.text
    assert not_found == {
        "question": "Who won the 1998 football World Cup?", "asked": "2026-03-01T10:30:00Z", "collection": "Asia",
        "found": False, "reason": missing.reason, "answer_kind": None, "items": [],
        "evidence": _further(missing, index),
    }  # fmt: skip


def _further(result: Result, index: Index) -> list[dict[str, Any]]:
    """The evidence of an export that does not answer the question."""
    return [
        evidence_to_json(each) | {"is_answer": False, "file": {"path": file.path, "sha256": file.hash}}
        for each in result.evidence
        if (file := index.file_of(each.document_id))
    ]


def test_export_has_the_sentences_that_answer(assistant: Assistant) -> None:
    result = assistant.ask(YEAR, min_confidence=0.6)
    assert result.answer_kind is AnswerKind.EVIDENCE
    likely = result.likely_evidence
    assert (len(likely), len(result.evidence)) == (2, 3)
    entry = export_entry(result, assistant.index, ASKED, "Asia")
    [exported] = json.loads(export_json([entry]))["answers"]
    assert exported["answer_kind"] == "evidence"
    assert [each["is_answer"] for each in exported["evidence"]] == [
        each.probability >= result.min_confidence for each in result.evidence
    ]
    assert [each["text"] for each in exported["evidence"]] == [each.text for each in result.evidence]
    shown = export_markdown([entry])
    leading = shown.partition("\n- bears on it")[0]
    assert re.findall("^> (?!—)(.+)", shown, re.MULTILINE) == [
        escaped(each.text) for some in by_document(likely).values() for each in some
    ]
    assert leading.startswith(f"# Answers\n\n## {YEAR}\n\n> The memory that hurts most is of 1916.\n>\n> — “Whose lang")
    for each in likely:
        assert f"({each.document_id}, characters {each.start}-{each.end}), {each.probability:.0%}" in leading
    assert "\n\nIn short: “When rumours spread that" in leading
    assert shown.count("- bears on it") == len(result.evidence) - len(likely)


def test_export_leads_with_the_items_of_a_list(assistant: Assistant) -> None:
    result = assistant.ask("Which powers does Claire Roosien say the governments depend on?")
    entry = export_entry(result, assistant.index, ASKED, "Asia")
    names = ["Russia", "China", "the West", "Russian military"]
    [exported] = json.loads(export_json([entry]))["answers"]
    assert [each["text"] for each in exported["items"]] == names
    assert {each["file"]["path"] for each in exported["items"]} == {"china.md", "security-and-the-csto.md"}
    _, _, shown = export_markdown([entry]).partition("depend on?\n\n")
    first, *_ = shown.partition("\n\n")
    assert re.findall(r"^\d\. \*\*(.+)\*\* — .+ \(.+ characters \d+-\d+\)$", first, re.MULTILINE) == names
    assert "\n\n> Claire Roosien lists the powers on which they depend, **Russia, China and the West**" in shown


def test_evidence_that_has_changed_is_left_out_unless_it_answers(assistant: Assistant) -> None:
    result = assistant.ask(YEAR, min_confidence=0.6)
    likely = len(result.likely_evidence)
    evidence = [*result.evidence[:-1], replace(result.evidence[-1], start=0, end=5)]
    entry = export_entry(replace(result, evidence=tuple(evidence)), assistant.index, ASKED, "Asia")
    assert entry.further_evidence == result.evidence[likely:-1]
    changed = replace(result, evidence=(replace(result.evidence[0], document_id="x.md"), *result.evidence[1:]))
    with pytest.raises(InputError, match=r"x\.md: the index has changed since it answered; ask again"):
        export_entry(changed, assistant.index, ASKED, "Asia")


def test_answer_of_another_index_is_not_exported(assistant: Assistant) -> None:
    result = assistant.ask(BORDER)
    assert result.answer
    elsewhere = replace(result, answer=replace(result.answer, start=0, end=8))
    unknown = replace(result, answer=replace(result.answer, document="x.md"))
    for wrong, name in ((elsewhere, "kazakhstan.md"), (unknown, "x.md")):
        with pytest.raises(InputError, match=f"{name}: the index has changed since it answered; ask again"):
            export_entry(wrong, assistant.index, ASKED, "Asia")


def _markdown(document: Document, answer: Answer, encoder: SentenceTransformerEncoder) -> str:
    index = Index.build([document], encoder)
    return export_markdown([export_entry(_result(answer), index, ASKED, "my *things*")])


def test_markdown_has_quote_source_and_location(encoder: SentenceTransformerEncoder) -> None:
    document = Document("b.md", TEXT, "The long border", 0, {"author": "Anna Berg", "date": "2022-10-22"})
    answer = replace(_border(document), support=(Support("c_d.md", 4, 12),))
    assert _markdown(document, answer, encoder) == (
        "# Answers\n\n## How long is it?\n\n> The border is **7,644 km** long.\n\n"
        "Anna Berg, The long border, 2022-10-22\n\n"
        "- b.md, characters 26-34\n- very likely right, 91%\n- the same words in c\\_d.md, characters 4-12\n"
        "- SHA-256 of b.md: \n- asked 2026-03-01T10:30:00Z in my \\*things\\*\n"
    )


ATTACKS = [
    "<script>alert(1)</script>", "[click](javascript:alert(1))", "![x](http://evil/x.png)", "<http://evil>", "# Title",
    "&lt;b&gt;", "1. one", "12) one", "- one", "+ one", "===", "---", "```code", "~~~", "    code", "> quote", "a | b",
    "**bold**", "_it_", "[a]: http://evil", "ends \\", "C #", "\u202egnp", "*", "**", "`", "$x$", "a\n\n# b",
    "$", "<!-- x",
]  # fmt: skip


def _shown(markdown: str) -> tuple[str, set[str]]:
    """The text of rendered Markdown, and the types of its tokens."""
    tokens = MarkdownIt("commonmark").enable("table").enable("strikethrough").parse(markdown)
    inline = [child for token in tokens for child in token.children or ()]
    return "".join(child.content for child in inline), {t.type for t in tokens} | {c.type for c in inline}


@given(st.one_of(st.sampled_from(ATTACKS), st.text(alphabet="\\`*_[]<>&~|$@#:/w.+=-)!('\"aé1 \n", max_size=12)))
def test_escaped_text_renders_as_itself(text: str) -> None:
    shown, kinds = _shown(escaped(text))
    assert shown == " ".join(text.split()).replace("\u202e", "\ufffd")
    assert kinds <= {"paragraph_open", "paragraph_close", "inline", "text", "text_special"}


def test_dates_and_numbers_are_not_escaped() -> None:
    assert [escaped(text) for text in ("2022-10-22", "7,644 km", "2. one", ".5")] == [
        "2022-10-22", "7,644 km", "2\\. one", ".5",
    ]  # fmt: skip


def test_bare_addresses_do_not_become_links() -> None:
    assert escaped("See http://evil.org, WWW.evil.org or a@evil.org.") == (
        "See http\\://evil.org, WWW\\.evil.org or a\\@evil.org."
    )


@given(
    st.text(alphabet="ab*_`<1.-# \\", max_size=6),
    st.text(alphabet="ab*_`<1.-#\\", min_size=1, max_size=4),
    st.text(alphabet="ab*_`<1.-# \\", max_size=6),
)
def test_only_the_answer_is_bold_in_its_sentence(before: str, words: str, after: str) -> None:
    before, after = before.lstrip(), after.rstrip()
    document = Document("d.md", f"{before}{words}{after}", "T")
    sentence = Sentence(0, len(document.text), document.text)
    answer = replace(
        _answer(document, document.text, document.text),
        text=words, start=len(before), end=len(before) + len(words), sentence=sentence,
    )  # fmt: skip
    shown = MarkdownIt("commonmark").renderInline(quoted(answer))
    bold = re.fullmatch(r"(.*?)<(strong|b)>(.*)</\2>(.*?)", shown)
    assert bold
    unescaped = [part.replace("&lt;", "<").replace("&gt;", ">") for part in (bold[1], bold[3], bold[4])]
    squeezed = [re.sub(" +", " ", part) for part in (before, words, after)]
    assert unescaped == squeezed


@pytest.mark.parametrize("attack", ATTACKS)
def test_document_text_is_never_markup_in_an_export(attack: str, encoder: SentenceTransformerEncoder) -> None:
    text = f"{attack} is what it says {attack} and {attack}"
    document = Document(f"{attack}.md".replace("/", ""), text, attack, 0, {"author": attack, "date": attack})
    answer = _answer(document, "it says", text)
    shown, kinds = _shown(_markdown(document, replace(answer, heading=attack), encoder))
    assert not {"link_open", "image", "html_inline", "html_block", "code_inline", "fence", "table_open"} & kinds
    assert shown.count(" ".join(attack.split()).replace("\u202e", "\ufffd")) >= 6


# Checking quotes against their files


def _files(**files: bytes) -> Callable[[str], bytes]:
    named = {name.replace("_", "."): raw for name, raw in files.items()}

    def read(path: str) -> bytes:
        if path not in named:
            raise FileNotFoundError
        return named[path]

    return read


def _quote(text: str, words: str, sentence: str, document: str = "b.md", sha256: str = "") -> Quote:
    begin = text.index(sentence)
    start = begin + sentence.index(words)
    file = document.partition("#")[0]
    return Quote(QUESTION, words, document, start, start + len(words), sentence, begin, file, sha256)


QUOTE = _quote(TEXT, "7,644 km", "The border is 7,644 km long.", sha256=content_hash(TEXT.encode()))


@pytest.mark.parametrize(
    ("now", "state", "start", "same_sentence", "same_file"),
    [
        (TEXT, "matches", 26, True, True),
        (TEXT + " More.", "matches", 26, True, False),
        (TEXT.replace("long", "wide"), "matches", 26, False, False),
        ("Oh. " + TEXT, "moved", 30, True, False),
        ("It is 7,644 km. " + TEXT, "moved", 42, True, False),
        ("7,644 km. A long text goes before it. Another 7,644 km here.", "moved", 46, False, False),
        (TEXT.replace("7,644", "7,500"), "gone", 26, False, False),
    ],
)
def test_quote_matches_has_moved_or_is_gone(
    now: str, state: str, start: int, same_sentence: bool, same_file: bool
) -> None:
    (checked,) = check([QUOTE], _files(b_md=now.encode()))
    assert (checked.state, checked.start, checked.end) == (state, start, start + 8)
    assert (checked.same_sentence, checked.same_file) == (same_sentence, same_file)
    if state != "gone":
        assert now[checked.start : checked.end] == "7,644 km"


def test_missing_and_unreadable_files_have_their_own_states() -> None:
    missing, unreadable = check([QUOTE], _files())[0], check([QUOTE], _files(b_md=b"\xff\x00\x01"))[0]
    assert (missing.state, unreadable.state) == ("file missing", "unreadable")
    assert "NUL bytes" in unreadable.detail


def test_matching_hash_alone_is_not_enough() -> None:
    forged = replace(QUOTE, text="7,500 km", sentence="The border is 7,500 km long.")
    (checked,) = check([forged], _files(b_md=TEXT.encode()))
    assert (checked.state, checked.same_file) == ("gone", True)


def test_moved_table_row_is_found_in_the_nearest_row() -> None:
    before = b"text,n\nThe toll is 4 crowns.,1\nThe mill was sold in 1901.,2\n"
    quote = _quote("text: The mill was sold in 1901.", "1901", "The mill was sold in 1901.", document="t.csv#2")
    assert check([quote], _files(t_csv=before))[0].state == "matches"
    row = b"The mill was sold in 1901.,9\n"
    after = b"text,n\n" + row + b"The toll is 4 crowns.,1\n" * 3 + row
    (moved,) = check([replace(quote, document="t.csv#4")], _files(t_csv=after))
    assert (moved.state, moved.document, moved.start, moved.end) == ("moved", "t.csv#5", 27, 31)


def test_quote_in_an_archive_is_checked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "old.zip", "w") as archive:
        archive.writestr("in/b.md", TEXT)
    inside = replace(QUOTE, document="old.zip/in/b.md", file="old.zip")
    (checked,) = check([inside], Files([tmp_path]).read)
    assert checked.state == "matches"


def test_quotes_keep_their_order_and_files_are_read_once() -> None:
    asked = []
    files = _files(b_md=TEXT.encode(), c_md=TEXT.encode())

    def read(path: str) -> bytes:
        asked.append(path)
        return files(path)

    other = replace(QUOTE, document="c.md", file="c.md")
    gone = replace(QUOTE, text="7,500 km", sentence="The border is 7,500 km long.")
    found = check([QUOTE, other, gone, QUOTE], read)
    assert [(each.quote, each.state) for each in found] == [
        (QUOTE, "matches"), (other, "matches"), (gone, "gone"), (QUOTE, "matches"),
    ]  # fmt: skip
    assert asked == ["b.md", "c.md"]


def test_files_have_the_paths_of_an_index(tmp_path: Path) -> None:
    for name in ("one/a.md", "two/a.md", "single.md", ".hidden.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    files = Files([tmp_path / "one", tmp_path / "two", tmp_path / "single.md", tmp_path / "three"])
    assert [files.read(path) for path in ("one/a.md", "two/a.md", "single.md")] == [
        b"one/a.md", b"two/a.md", b"single.md",
    ]  # fmt: skip
    with pytest.raises(FileNotFoundError, match="three: no such file or folder"):
        files.read("three/a.md")
    assert Files([tmp_path / "one"]).read("a.md") == b"one/a.md"
    for outside in ("../two/a.md", str(tmp_path / "two/a.md"), "one/a.md"):
        with pytest.raises(FileNotFoundError):
            Files([tmp_path / "one"]).read(outside)


# Reading exports


@pytest.fixture
def exported(tmp_path: Path, encoder: SentenceTransformerEncoder) -> dict[str, Any]:
    document = Document("b.md", TEXT, "B")
    index = Index.build([document], encoder)
    kept = [
        export_entry(_result(_border(document)), index, ASKED, "c"),
        export_entry(_result(None, "no span: x"), index, ASKED, "c"),
    ]
    content: dict[str, Any] = json.loads(export_json(kept))
    return content


def _write(folder: Path, content: Any) -> Path:
    path = folder / "answers.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_export_round_trips(exported: dict[str, Any], tmp_path: Path) -> None:
    export = read_export(_write(tmp_path, exported))
    assert (export.quotes, export.not_found) == ((replace(QUOTE, sha256=""),), 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"document": "../b.md"}, "answer 1: '../b.md' leads out of the indexed folders"),
        ({"document": "/etc/b.md"}, "answer 1: '/etc/b.md' leads out of the indexed folders"),
        ({"document": "..\\b.md"}, r"answer 1: .* leads out of the indexed folders"),
        ({"document": "C:\\b.md"}, r"answer 1: .* leads out of the indexed folders"),
        ({"file": {"path": "a/../../b.md", "sha256": ""}}, "answer 1: 'a/../../b.md' leads out"),
        ({"file": {"path": "c.md", "sha256": ""}}, "answer 1: the document 'b.md' is not part of the file 'c.md'"),
        ({"file": None}, "answer 1: 'file' is missing or has the wrong type"),
        (
            {"quote": {"text": "7,644 km", "start": -1, "end": 7}},
            "answer 1: the quote '7,644 km' does not fit its offsets -1-7",
        ),
        ({"quote": {"text": "7,644 km", "start": 26, "end": 35}}, "does not fit its offsets 26-35"),
        ({"quote": {"text": "7,644 km", "start": 27, "end": 35}}, "answer 1: the quote is not in its sentence"),
        ({"quote": {"text": "", "start": 26, "end": 26}}, "does not fit its offsets 26-26"),
        (
            {"quote": {"text": "7,644 km", "start": True, "end": 34}},
            "answer 1: 'start' is missing or has the wrong type",
        ),
        ({"quote": {"text": "7,644 km", "start": 26.0, "end": 34}}, "'start' is missing or has the wrong type"),
        ({"found": "yes"}, "answer 1: 'found' is missing or has the wrong type"),
        ({"question": 5}, "answer 1: 'question' is missing or has the wrong type"),
        ({"evidence": 5}, "answer 1: 'evidence' is missing or has the wrong type"),
        ({"evidence": [{"is_answer": True}]}, "answer 1: 'file' is missing or has the wrong type"),
        ({"items": [{"text": "x", "start": 0, "end": 2, "file": {}}]}, "the quote 'x' does not fit its offsets 0-2"),
    ],
)
def test_invalid_answer_is_rejected_with_its_number(
    exported: dict[str, Any], tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    exported["answers"][0] |= change
    with pytest.raises(InputError, match=rf"answers\.json: .*{re.escape(message) if '/' in message else message}"):
        read_export(_write(tmp_path, exported))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not an export"),
        ({"format": "other", "version": 1, "answers": []}, "not an export"),
        ({"format": "rag answers", "version": 2, "answers": []}, "has version 2, this rag reads version 1"),
        ({"format": "rag answers", "version": "1", "answers": []}, "is damaged; export"),
        ({"format": "rag answers", "version": 1}, "is damaged; export"),
        ({"format": "rag answers", "version": 1, "answers": [5]}, "answer 1: 'found' is missing"),
    ],
)
def test_other_files_are_not_exports(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_export(_write(tmp_path, content))
    with pytest.raises(InputError, match="cannot be read"):
        read_export(tmp_path / "none.json")


# Commands


def test_verify_checks_quotes_against_the_indexed_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    docs, index, answers = tmp_path / "docs", str(tmp_path / "index"), str(tmp_path / "answers.json")
    docs.mkdir()
    text = "Kazakhstan's border with Russia measures 7,644 km, which is 4,750 miles."
    (docs / "a.md").write_text(text)
    main(["index", str(docs), "--index", index])
    assert main(["ask", BORDER, "--index", index, "--export", answers]) == 0
    capsys.readouterr()

    assert main(["verify", answers, "--index", index]) == 0
    said = capsys.readouterr()
    assert said.out == "matches a.md, characters 41-49: “7,644 km”\n"
    assert said.err == "1 of 1 quotes match their files\n"

    (docs / "a.md").write_text("First. " + text)
    assert main(["verify", answers, "--index", index]) == 1
    assert capsys.readouterr().out == "moved a.md, characters 41-49: “7,644 km” (now characters 48-56)\n"
    assert main(["verify", answers, str(tmp_path / "docs")]) == 1
    assert "moved" in capsys.readouterr().out

    (docs / "a.md").unlink()
    assert main(["verify", answers, "--index", index]) == 1
    assert capsys.readouterr().out.startswith("file missing a.md, characters 41-49: “7,644 km” (")


def test_verify_checks_the_sentences_that_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    docs, index, answers = tmp_path / "docs", str(tmp_path / "index"), str(tmp_path / "answers.json")
    docs.mkdir()
    text = "Rents in Osterby doubled because many students came. The mill was sold in 1901."
    (docs / "a.md").write_text(text)
    main(["index", str(docs), "--index", index])
    why = ["ask", "Why did rents in Osterby double?", "Who owns the mine?", "--file", "/dev/null", "--index", index]
    assert main([*why, "--min-confidence", "0.4", "--export", answers]) == 1
    capsys.readouterr()
    (docs / "a.md").write_text(f"First. {text}")
    assert main(["verify", answers, "--index", index]) == 1
    said = capsys.readouterr()
    assert said.out.startswith("moved a.md, characters 0-52: “Rents in Osterby doubled because many students came.”")
    assert said.err.endswith("; 1 question had no answer\n")


def test_ask_exports_to_a_new_json_or_markdown_file(
    tmp_path: Path, corpus_index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask = ["ask", BORDER, "--index", str(corpus_index), "--export"]
    assert main([*ask, str(tmp_path / "a.md")]) == 0
    assert "**7,644 km**" in (tmp_path / "a.md").read_text(encoding="utf-8")
    capsys.readouterr()
    for name, message in (("a.md", "exists already; name a new file"), ("a.txt", "exported as .json or .md")):
        assert main([*ask, str(tmp_path / name)]) == 2
        said = capsys.readouterr()
        assert (said.out, said.err.count("\n")) == ("", 1)
        assert message in said.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{answers}", "--index", "{tmp}/none"], "no index there; build one"),
        (["{answers}", "{tmp}", "--index", "{tmp}/none"], "give only one of the two"),
        (["{answers}", "--repair"], "--repair repairs an index, not quotes"),
        (["{tmp}/none.json"], "none.json: cannot be read"),
    ],
)
def test_bad_usage_of_verify_is_one_line(
    exported: dict[str, Any], tmp_path: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = _write(tmp_path, exported)
    assert main(["verify", *(each.format(answers=answers, tmp=tmp_path) for each in arguments)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
