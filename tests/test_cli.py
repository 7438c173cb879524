import io
import json
import os
import re
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from rich.console import Console

import rag
from rag import Index
from rag.cli import build_parser, main, progress
from rag.index import Pace
from rag.questions.anchors import Selection
from rag.questions.feedback import FeedbackFile
from tests.waiting import PATIENCE

BORDER = "How long is the border between Kazakhstan and Russia?"


def test_ask_prints_answer_confidence_sentence_and_place(
    corpus_index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ask", BORDER, "--index", str(corpus_index)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"7,644 km  (may be|likely|very likely) right, \d\d%", lines[0])
    assert "7,644 km" in lines[1]
    assert re.search(r"\((migration-after-mobilisation|kazakhstan)\.md, characters \d+-\d+\); the same in", lines[2])
    assert "\x1b" not in "".join(lines)


def test_ask_prints_the_near_miss_and_exits_1_if_not_found(
    corpus_index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ask", "Who won the 1998 football World Cup?", "--index", str(corpus_index)]) == 1
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith("not found: too unsure: no candidate is at least ")
    assert second == "closest passages:"


def test_closest_passages_are_different_sentences(corpus_index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "What was in short supply?", "--index", str(corpus_index)]) == 1
    _, title, *lines, _seconds = capsys.readouterr().out.splitlines()
    sentences = lines[::2]
    assert title == "closest passages:"
    assert len(set(sentences)) == len(sentences) == 3


def test_ask_why_prints_sentences_with_probability_and_place_first(
    corpus_index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["ask", "Why were dollars scarce?", "--index", str(corpus_index)]
    assert main(arguments) == 0
    first, sentence, place, *_ = capsys.readouterr().out.splitlines()
    assert first == "sentences that bear on this:"
    assert "dollars" in sentence
    assert re.search(r"\(.*\.md.*, characters \d+-\d+\)  \d\d%$", place)
    assert main([*arguments, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["answer_kind"] == "evidence"
    assert result["evidence"][0]["text"].strip() == sentence.strip()


def test_ask_applies_a_feedback_file(corpus_index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    documents = Index.open(corpus_index).documents
    start = documents["kazakhstan.md"].text.index("4,750 miles")
    file = FeedbackFile(tmp_path / "feedback.jsonl")
    file.add(BORDER, documents, right=[Selection("kazakhstan.md", start, start + 11)], by="Anna")
    arguments = ["ask", BORDER.lower(), "--index", str(corpus_index), "--feedback"]
    assert main([*arguments, str(file.path)]) == 0
    assert re.match(r"4,750 miles  marked right by Anna on \d{4}-\d\d-\d\d\n", capsys.readouterr().out)
    assert main([*arguments, str(file.path), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)["answer"]
    assert (answer["text"], answer["confidence"], answer["feedback"]["by"]) == ("4,750 miles", 1.0, "Anna")
    assert main([*arguments, str(tmp_path / "none.jsonl")]) == 2
    assert "none.jsonl: there is no such feedback file" in capsys.readouterr().err


def test_ask_for_a_summary_says_what_it_cannot_do(corpus_index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "Summarise the articles", "--index", str(corpus_index)]) == 1
    assert capsys.readouterr().out.startswith("not found: This asks for a summary; ")


def test_ask_json_has_documented_fields_and_exact_offsets(
    corpus_index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ask", BORDER, "--index", str(corpus_index), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert list(result) == [
        "question", "answered", "answer_kind", "answer", "answers", "evidence", "hits", "reason", "reason_code",
        "agreement", "seconds", "notice", "items",
    ]  # fmt: skip
    assert (result["question"], result["answered"]) == (BORDER, True)
    assert (result["reason"], result["reason_code"]) == (None, None)
    assert result["agreement"]["groups"][0]["text"] == "7,644 km"
    answer = result["answer"]
    keys = ["text", "confidence", "document", "title", "start", "end", "page", "heading", "sentence", "support"]
    keys += ["feedback", "items", "ocr"]
    assert list(answer) == keys
    assert (answer["page"], answer["heading"]) == (None, answer["title"])
    text = (Path(__file__).parent.parent / "corpus" / answer["document"]).read_bytes().decode()
    assert text[answer["start"] : answer["end"]] == answer["text"] == "7,644 km"
    assert text[answer["sentence"]["start"] : answer["sentence"]["end"]] == answer["sentence"]["text"]
    assert 0 < answer["confidence"] < 1
    assert answer == result["answers"][0]
    assert set(result["seconds"]) == {"retrieve", "read", "total"}
    assert {"document", "start", "end", "text", "score"} <= set(result["hits"][0])


def test_ask_answers_questions_of_arguments_stdin_and_file_in_order(
    corpus_index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "questions.txt").write_text("\ufeffWho won the 1998 football World Cup?\n\n", encoding="utf-8")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"  {BORDER}\n{'word ' * 600}\n"))
    ask = ["ask", "Who is the president of Kazakhstan?", "-", "--file", str(tmp_path / "questions.txt")]
    assert main([*ask, "--index", str(corpus_index), "--json"]) == 2
    captured = capsys.readouterr()
    results = [json.loads(line) for line in captured.out.splitlines()]
    assert [result["question"] for result in results] == [ask[1], BORDER, "Who won the 1998 football World Cup?"]
    assert [result["answered"] for result in results][1:] == [True, False]
    assert captured.err.startswith("rag: word word")
    assert captured.err.count("\n") == 1


def test_ask_prints_each_of_several_questions_above_its_answer(
    corpus_index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ask", BORDER, BORDER, "--index", str(corpus_index)]) == 0
    lines = capsys.readouterr().out.splitlines()
    second = lines.index(BORDER, 1)
    assert (lines[0], lines[second - 1]) == (BORDER, "")
    assert lines[1].startswith("7,644 km")
    assert lines[second + 1] == lines[1]


def test_ask_withholds_an_answer_below_the_minimum_confidence(
    corpus_index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask = ["ask", BORDER, "--index", str(corpus_index), "--json", "--min-confidence"]
    assert main([*ask, "1"]) == 1
    assert json.loads(capsys.readouterr().out)["reason_code"] == "too_unsure"
    assert main([*ask, "0"]) == 0
    for wrong in ("1.5", "nan", "much"):
        with pytest.raises(SystemExit):
            main([*ask, wrong])


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"rag {rag.__version__}\n"
    assert rag.__version__ == version("rag")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "tcsh"])
def test_completion_knows_commands_and_options(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "min-confidence" in script
    assert "verify" in script


@pytest.mark.parametrize(
    ("words", "offered"),
    [(["rag", "comp"], {"completion"}), (["rag", "completion", "fi"], {"fish"}), (["rag", "ask", "--js"], {"--json"})],
)
def test_bash_completes_what_was_begun(
    words: list[str], offered: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", "bash"]) == 0
    script = tmp_path / "rag.bash"
    script.write_text(capsys.readouterr().out)
    # As bash does when Tab is pressed at the end of these words.
    code = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _shtab_rag 2>&1; echo "${COMPREPLY[@]}"'
    command = ["bash", "-c", code, "bash", script, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert set(done.stdout.split()) == offered


def test_search_prints_passages_within_k_and_tokens(corpus_index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "rents", "-k", "4", "--max-tokens", "250", "--json", "--index", str(corpus_index)]) == 0
    hits = json.loads(capsys.readouterr().out)
    assert 1 <= len(hits) <= 4
    assert sum(hit["tokens"] for hit in hits) <= 250
    assert main(["search", "rents", "-k", "1", "--index", str(corpus_index)]) == 0
    assert hits[0]["text"].splitlines()[-1] in capsys.readouterr().out


def _counts(output: str) -> dict[str, int]:
    """The table at the end of an index run."""
    names, counts = (line.split() for line in output.splitlines()[:2])
    return {name: int(count) for name, count in zip(names, counts, strict=True) if int(count)}


def test_index_counts_changes_and_gives_reasons_for_skipping(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    docs, index = tmp_path / "docs", tmp_path / "index"
    docs.mkdir()
    for name in ("a", "b", "d"):
        (docs / f"{name}.txt").write_text(f"Text of {name}.")
    (docs / "latin.txt").write_bytes("Le café très cher du quartier était déjà fermé. ".encode("latin-1") * 9)
    assert main(["index", str(docs), "--index", str(index)]) == 0
    output = capsys.readouterr().err
    # The French one.
    assert _counts(output) == {"added": 4, "incomplete": 1}
    assert "latin.txt: not UTF-8; it was read as cp1252, a guess" in output
    assert "4 documents, 5 passages in the index" in output
    (docs / "a.txt").write_text("Other text.")
    (docs / "b.txt").unlink()
    (docs / "c.txt").touch()
    (docs / "d.txt").rename(docs / "e.txt")
    assert main(["index", "--index", str(index)]) == 0
    output = capsys.readouterr().err
    assert _counts(output) == {"changed": 1, "renamed": 1, "unchanged": 1, "removed": 1, "skipped": 1, "incomplete": 1}
    assert "skipped c.txt: the file is empty" in output
    assert main(["index", "--index", str(index), "--strict"]) == 1


def test_what_is_not_read_is_shown_by_index_verify_and_strict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.rtf").write_bytes(rb"{\rtf1 Words.{\pict 89}{\header Draft}\par}")
    (tmp_path / "docs" / "hi.txt").write_text("नगर उत्तर में है। यह ऊँचा है।")
    (tmp_path / "docs" / "b.txt").write_text("The pier is closed, and the gate is open.")
    index = ["--index", str(tmp_path / "index")]
    assert main(["index", str(tmp_path / "docs"), *index]) == 0
    picture = "a.rtf: 1 picture and 1 page header are not read"
    language = "hi.txt: is not in English, the only language that the models know,"
    output = capsys.readouterr().err
    assert _counts(output) == {"added": 3, "incomplete": 2}
    assert picture in output
    assert language in output
    # Also of files that have not changed.
    assert main(["index", *index, "--strict"]) == 1
    assert _counts(capsys.readouterr().err) == {"unchanged": 3, "incomplete": 2}
    assert main(["verify", *index]) == 0
    shown = capsys.readouterr().out
    assert picture in shown
    assert language in shown
    assert "undamaged: 3 documents, 3 passages; 2 documents not read, or only partly; up to date" in shown
    for name in ("a.rtf", "hi.txt"):
        (tmp_path / "docs" / name).unlink()
    assert main(["index", *index, "--strict"]) == 0


def test_unsupported_files_are_named_by_index_verify_and_strict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docs").mkdir()
    for name in ("a.txt", "b.mp4", "c.MP4", "d.psd", "Makefile"):
        (tmp_path / "docs" / name).write_text("The pier is closed, and the gate is open.")
    index = ["--index", str(tmp_path / "index")]
    line = "4 files are not read; their formats are not supported: .mp4 (2), no suffix (1), .psd (1); a .ragignore can"
    assert main(["index", str(tmp_path / "docs"), *index, "--strict"]) == 1
    assert line in " ".join(capsys.readouterr().err.split())
    assert main(["verify", *index]) == 0
    assert line in " ".join(capsys.readouterr().out.split())
    (tmp_path / "docs" / ".ragignore").write_text("*.mp4\n*.MP4\nMakefile\n")
    assert main(["index", *index, "--strict"]) == 1
    assert "1 file is not read; its format is not supported: .psd (1)" in " ".join(capsys.readouterr().err.split())
    (tmp_path / "docs" / "d.psd").unlink()
    assert main(["index", *index, "--strict"]) == 0
    assert "formats are" not in capsys.readouterr().err


def test_index_ends_with_the_near_duplicates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = " ".join(f"word{number}" for number in range(60))
    for name in "abcde":
        (tmp_path / f"{name}.txt").write_text(f"{words} {name}")
    assert main(["index", str(tmp_path), "--index", str(tmp_path / "index")]) == 0
    line = next(line for line in capsys.readouterr().err.splitlines() if "nearly" in line)
    named = ", ".join(rf"{name}\.txt and a\.txt \(\d+%\)" for name in "bcd")
    assert re.fullmatch(rf"4 documents are nearly the same as another: {named}, \.\.\.", line)


def test_ragignore_leaves_files_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.txt", "draft-a.txt", "old/b.txt", "sub/c.txt", "sub/draft-c.txt", "sub/keep.md"):
        (tmp_path / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "docs" / name).write_text(f"Text of {name}.")
    (tmp_path / "docs" / ".ragignore").write_text("# drafts\ndraft-*\nold/\n")
    (tmp_path / "docs" / "sub" / ".ragignore").write_text("*.md\n")
    main(["index", str(tmp_path / "docs"), "--index", str(tmp_path / "index")])
    capsys.readouterr()
    assert main(["search", "text", "--index", str(tmp_path / "index"), "--json"]) == 0
    assert {hit["document"] for hit in json.loads(capsys.readouterr().out)} == {"a.txt", "sub/c.txt"}


def test_where_restricts_answers_and_passages(corpus_index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--where", "path=kyrgyz*", "--where", "sources.date>=2022", "--index", str(corpus_index), "--json"]
    assert main(["search", "border with Russia", "-k", "3", *where]) == 0
    assert {hit["document"] for hit in json.loads(capsys.readouterr().out)} == {"kyrgyzstan.md"}
    main(["ask", BORDER, *where])
    assert {hit["document"] for hit in json.loads(capsys.readouterr().out)["hits"]} == {"kyrgyzstan.md"}


def test_verify_reports_and_repairs_damage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_text("Text of a.")
    index = ["--index", str(tmp_path / "index")]
    main(["index", str(tmp_path / "a.txt"), *index])
    capsys.readouterr()
    assert main(["verify", *index]) == 0
    assert capsys.readouterr().out == "undamaged: 1 document, 1 passage; up to date with its files\n"
    (tmp_path / "a.txt").write_text("Other text.")
    assert main(["verify", *index]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "a.txt: changed", "undamaged: 1 document, 1 passage; 1 file changed; run `rag index` to update it",
    ]  # fmt: skip
    next((tmp_path / "index").glob("version-*/vectors.f32")).write_bytes(b"")
    assert main(["verify", *index]) == 1
    assert "vectors.f32: this file of the index is damaged" in capsys.readouterr().out
    assert main(["ask", "What text?", *index]) == 2
    assert "repair it with `rag verify --repair`" in capsys.readouterr().err
    assert main(["verify", "--repair", *index]) == 0
    assert "rebuilt from the texts in the index: 1 document" in capsys.readouterr().err


def test_verify_follows_links_in_named_folders_if_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ferry.txt").write_text("The ferry to Baku leaves at nine in the evening.")
    folder, answers = tmp_path / "folder", str(tmp_path / "answers.json")
    folder.mkdir()
    (folder / "ferry.txt").symlink_to(tmp_path / "ferry.txt")
    index = ["--index", str(tmp_path / "index")]
    main(["index", str(folder), "--follow-links", *index])
    main(["ask", "When does the ferry to Baku leave?", "--min-confidence", "0", "--export", answers, *index])
    assert main(["verify", answers, str(folder)]) == 1
    assert main(["verify", answers, str(folder), "--follow-links"]) == 0
    assert main(["verify", answers, *index]) == 0
    assert main(["verify", answers, "--follow-links", *index]) == 2
    assert "the index records whether it follows links" in capsys.readouterr().err


def test_watch_updates_the_index_until_interrupted(tmp_path: Path) -> None:
    docs, index = tmp_path / "docs", tmp_path / "index"
    docs.mkdir()
    (docs / "a.txt").write_text("Text of a.")
    # A shell starts background processes with Ctrl-C ignored.
    program = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from rag.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", program, "index", docs, "--index", index, "--watch"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as watcher:
        assert watcher.stderr
        lines = iter(watcher.stderr.readline, "")
        assert any("watching for changes" in line for line in lines)
        # In this order, so that an update between the two has one document.
        (docs / "a.txt").write_text("Other text of a.")
        (docs / "b.txt").write_text("Text of b.")
        assert any("2 documents, 2 passages in the index" in line for line in lines)
        watcher.send_signal(signal.SIGINT)
        assert watcher.wait(timeout=PATIENCE) == 130
    documents = Index.open(index).documents
    assert {name: document.text for name, document in documents.items()} == {
        "a.txt": "Other text of a.", "b.txt": "Text of b.",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ask", "", "--index", "{corpus}"], "rag: the question is empty; ask in words\n"),
        (["ask", "Who?", "--index", "{tmp}/none"], "no index there; build one with `rag index"),
        (["ask", "Who?", "--index", "{corpus}/current"], "current: no index there; build one with `rag index"),
        (["search", "Who?", "-k", "0", "--index", "{corpus}"], "rag: k is 0; it must be at least 1\n"),
        (["index", "{tmp}/nowhere", "--index", "{tmp}/i"], "nowhere: no such file or folder\n"),
        (["index", "{tmp}/" + 300 * "x", "--index", "{tmp}/i"], "cannot be read (File name too long)"),
        (["ask", "Who?", "--index", "{tmp}/" + 300 * "x"], "cannot be opened (File name too long)"),
        (["ask", "Who?", "--index", "{corpus}", "--where", "contry=x"], "no document has the field 'contry'"),
        (["ask", "--index", "{corpus}"], "there is no question; give one, - for standard input, or --file FILE"),
        (["ask", "--file", "{tmp}/none.txt"], "none.txt: cannot be read (No such file or directory)"),
        (["ask", "Who?", "--index", "{corpus}", "--device", "gpu"], "device 'gpu': not available on this machine"),
        (["eval", "{tmp}/none.jsonl", "--index", "{corpus}"], "none.jsonl: cannot be read"),
        (["eval", "--limit", "0", "--index", "{corpus}"], "rag: --limit is 0"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_and_exit_code_2(
    arguments: list[str], message: str, corpus_index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([argument.format(corpus=corpus_index, tmp=tmp_path) for argument in arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_bad_usage_is_exit_code_2() -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["search"])
    assert exit_.value.code == 2


@pytest.mark.parametrize("value", ["high", "1.1", "nan"])
def test_minimum_confidence_must_be_a_probability(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["ask", BORDER, "--min-confidence", value])
    assert f"{value} is not a probability; give a number from 0 to 1" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["index", "ask", "search", "ui", "eval", "verify", "train", "completion"])
def test_every_command_has_help_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main([command, "--help"])
    assert exit_.value.code == 0
    assert re.search(rf"examples:\n  rag {command}\b", capsys.readouterr().out)


def test_help_needs_no_model() -> None:
    code = "import sys; from rag.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    code += "heavy = {'torch', 'gradio', 'faiss', 'sentence_transformers', 'shtab'}\n"
    code += "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def test_document_cannot_control_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_text(
        "In this country the capital \x1b[31mis\x07 called \x9b2JAstana today, as it was before."
    )
    main(["index", str(tmp_path / "a.txt"), "--index", str(tmp_path / "i")])
    main(["ask", "What is the capital called?", "--index", str(tmp_path / "i")])
    output = capsys.readouterr().out
    assert "Astana" in output
    assert not set("\x1b\x07\x9b") & set(output)


def test_file_name_cannot_forge_an_output_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_text("Text.")
    (tmp_path / "b\n  skipped c.txt: \u202egnp.txt").touch()
    assert main(["index", str(tmp_path), "--index", str(tmp_path / "i")]) == 0
    output = capsys.readouterr().err
    assert "skipped b\ufffd  skipped c.txt: \ufffdgnp.txt: the file is empty\n" in output
    (tmp_path / "a.txt").unlink()
    assert main(["index", str(tmp_path), "--index", str(tmp_path / "i")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_closed_output_pipe_is_not_an_error(corpus_index: Path) -> None:
    command = [sys.executable, "-m", "rag", "verify", "--index", corpus_index]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_commands_are_the_documented_ones() -> None:
    actions = [action for action in build_parser()._actions if hasattr(action, "choices") and action.choices]
    assert list(actions[0].choices or ()) == [
        "index", "ask", "search", "table", "ui", "serve", "mcp", "eval", "verify", "train", "completion",
    ]  # fmt: skip


def test_progress_bar_of_an_indexing_shows_speed_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(progress, "err", Console(file=screen, force_terminal=True, width=120))
    now = [0.0]
    monkeypatch.setattr(progress, "Pace", lambda: Pace(lambda: now[0]))
    with progress.progress_bars() as report:
        report("checking", 4, 4)
        now[0] += 10
        report("reading", 2, 4)
        now[0] += 20
        report("embedding", 1_000, 5_000)
    assert "1000/5000 50 passages/s, 0:01:30 left" in re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", screen.getvalue())
