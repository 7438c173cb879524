"""``rag eval`` from the command line, with real files, a real index and the real embedder."""

import argparse
import gzip
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from rag.eval.bench import speed
from rag.eval.command import Consoles, evaluate
from rag.eval.loading import load_question_set
from rag.eval.options import add_arguments
from rag.eval.paths import SHIPPED_QUESTIONS, SHIPPED_TABLE
from rag.eval.scoring.sweep import SETTINGS, Setting, sweep

from rag import Assistant, Document, Fusion, Hit, SentenceTransformerEncoder, Span, SpanReader, build_index
from rag.cli import build_parser, main
from rag.cli.common import err, out
from rag.cli.progress import progress_bars
from rag.paths import shipped_reader
from rag.questions.places import Gold
from rag.questions.schema import Question, raise_invalid
from rag.reading.folder import SECOND
from rag.reading.weights import WEIGHTS, load_weights, save_weights

BORDER = "The border of Ruritania is 40 km long."
RENTS = "Rents in Strelsau doubled in 1894."


def _qa(name: str, question: str, text: str | None, start: int = 0) -> dict[str, Any]:
    answers = [] if text is None else [{"text": text, "answer_start": start}]
    return {"id": name, "question": question, "answers": answers, "is_impossible": text is None}


@pytest.fixture
def squad(tmp_path: Path) -> Path:
    paragraphs = [
        {"context": BORDER, "qas": [_qa("km", "How long is the border of Ruritania?", "40 km long", 27)]},
        {
            "context": RENTS,
            "qas": [
                _qa("year", "When did rents in Strelsau double?", "1894", 29),
                _qa("none", "Who is the queen of Strelsau's neighbour?", None),
            ],
        },
    ]
    path = tmp_path / "squad.json.gz"
    path.write_bytes(gzip.compress(json.dumps({"data": [{"title": "T", "paragraphs": paragraphs}]}).encode()))
    return path


def _summary(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(capsys.readouterr().out)
    return values


def test_evidence_file_is_measured_over_its_passages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        {"id": "1", "question": "How long is the border of Ruritania?", "context": BORDER,
         "evidence": [{"text": BORDER, "start": 0}]},
        {"id": "2", "question": "Who is the queen of Strelsau's neighbour?", "context": RENTS, "evidence": []},
    ]  # fmt: skip
    path = tmp_path / "evidence.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    assert main(["eval", str(path), "--open", "--json"]) == 0
    figures = _summary(capsys)["figures"]
    assert (figures["evidence_recall"]["value"], figures["evidence_recall"]["count"]) == (1.0, 2)
    assert figures["evidence_given"]["count"] == 1
    assert main(["eval", str(path)]) == 2
    assert "evidence.jsonl: give --open to index its paragraphs" in capsys.readouterr().err


@pytest.mark.slow
def test_default_is_the_test_part_of_the_shipped_questions(
    corpus_index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ["eval", "--limit", "6", "--index", str(corpus_index), "--json"]
    assert main(run) == 0
    summary = _summary(capsys)
    assert (summary["file"], summary["part"], summary["complete"]) == ("central-asia.jsonl", "test", True)
    assert summary["answerable"] + summary["unanswerable"] == 6
    assert {"recall@1", "f1", "handled", "ece", "total_p95"} <= set(summary["figures"])
    assert set(summary["causes"]) == {"retrieval", "reading", "abstaining", "answering"}
    assert main([*run, "--part", "calibration"]) == 0
    assert _summary(capsys)["part"] == "calibration"


def test_table_shows_figures_intervals_and_causes(corpus_index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "--limit", "6", "--index", str(corpus_index)]) == 0
    table = capsys.readouterr().out
    assert table.startswith("central-asia.jsonl, test part: ")
    for row in ("recall@10", "MRR", "F1, best candidate", "handled right", "Brier score", "seconds to answer, p95"):
        assert f"\n{row} " in table
    assert "\nreading " in table


def test_open_and_reading_modes_of_a_squad_file(squad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", str(squad), "--open", "--json"]) == 0
    figures = _summary(capsys)["figures"]
    assert (figures["recall@1"]["value"], figures["exact_match"]["value"]) == (1.0, 1.0)
    assert main(["eval", str(squad), "--reading", "--json"]) == 0
    summary = _summary(capsys)
    assert (summary["mode"], summary["figures"]["exact_match"]["value"]) == ("reading", 1.0)
    assert "recall@1" not in summary["figures"]
    assert main(["eval", str(squad)]) == 2
    assert "give --open to index" in capsys.readouterr().err


@pytest.fixture
def cautious_reader(tmp_path: Path) -> Path:
    """The shipped reader with other weights, and a confidence that withholds every answer."""
    folder = tmp_path / "cautious-reader"
    shutil.copytree(shipped_reader(), folder)
    loaded = load_weights(folder / WEIGHTS)
    next(loaded.head.parameters()).data *= 0.99
    description = loaded.description
    save_weights(
        folder / WEIGHTS, loaded.body, loaded.head, encoder=description.encoder, folder=loaded.folder, window=384
    )
    confidence = json.loads((folder / "confidence.json").read_text())
    (folder / "confidence.json").write_text(json.dumps({**confidence, "threshold": 1.0}))
    return folder


@pytest.mark.parametrize("mode", [pytest.param("--open", marks=pytest.mark.slow), "--reading"])
def test_squad_file_is_read_with_the_given_reader(
    mode: str, squad: Path, cautious_reader: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["eval", str(squad), mode, "--json", "--reader", str(cautious_reader)]) == 0
    summary = _summary(capsys)
    fingerprint = load_weights(cautious_reader / WEIGHTS).description.fingerprint
    assert fingerprint != load_weights(shipped_reader() / WEIGHTS).description.fingerprint
    second = load_weights(cautious_reader / SECOND / WEIGHTS).description.fingerprint
    reader = f"SpanReader ({fingerprint}-{second})"
    assert (summary["settings"]["reader"], summary["settings"]["threshold"]) == (reader, 1.0)
    assert summary["figures"]["f1_answered"]["value"] == 0.0


def _table(folder: Path) -> tuple[Path, Path]:
    """A gold table of two questions, and an index of its two documents."""
    docs = folder / "docs"
    docs.mkdir()
    (docs / "a.md").write_text(f"{BORDER} {RENTS}")
    (docs / "b.md").write_text("Rents in Streslau doubled in 1901.")
    cells = [
        ("border", "How long is the border of Ruritania?", {"a.md": (BORDER, "40 km"), "b.md": None}),
        ("year", "year in which rents doubled", {"a.md": (RENTS, "1894"), "b.md": (RENTS, "1901")}),
    ]
    lines = [
        {
            "id": name, "question": question,
            "cells": {
                document: [{"sentence": sentence, "quote": quote}] if found else []
                for document, found in by_document.items()
                for sentence, quote in [("Rents in Streslau doubled in 1901.", "1901") if document == "b.md" else found]
            },
        }
        for name, question, by_document in cells
    ]  # fmt: skip
    path = folder / "table.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path, docs


def test_gold_table_is_measured_cell_by_cell(
    tmp_path: Path, encoder: SentenceTransformerEncoder, capsys: pytest.CaptureFixture[str]
) -> None:
    path, docs = _table(tmp_path)
    build_index(docs, tmp_path / "index", encoder)
    command = ["eval", str(path), "--index", str(tmp_path / "index")]
    assert main([*command, "--json", "--report", str(tmp_path / "report")]) == 0
    summary = _summary(capsys)
    assert (summary["mode"], summary["answerable"], summary["unanswerable"]) == ("table", 3, 1)
    outcomes = json.loads((tmp_path / "report" / "results.json").read_text())["questions"]
    assert [(outcome["id"], outcome["golds"]) for outcome in outcomes] == [
        ("border: a.md", ["40 km"]), ("year: a.md", ["1894"]), ("border: b.md", []), ("year: b.md", ["1901"]),
    ]  # fmt: skip
    # Each answer comes from its own document.
    assert [outcome["best"] for outcome in outcomes if outcome["id"].startswith("year")] == ["1894", "1901"]
    assert [outcome["right"] for outcome in outcomes] == [True, True, False, True]
    handled = sum(outcome["cause"] is None for outcome in outcomes) / 4
    figures = summary["figures"]
    assert figures["handled"]["value"] == handled
    assert figures["right_answered"]["value"] == sum(o["right"] and o["answered"] for o in outcomes) / 3
    assert figures["abstention_recall"] == {"value": 1.0, "low": 1.0, "high": 1.0, "count": 4}
    assert main(command) == 0
    assert "a cell of the table each: 3 answerable and 1 unanswerable" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("option", [["--reading"], ["--sweep"], ["--part", "test"]])
def test_options_of_question_sets_are_refused_for_a_table(
    option: list[str], corpus_index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["eval", str(SHIPPED_TABLE), "--index", str(corpus_index), *option]) == 2
    assert f"table.jsonl: {option[0]} is for question sets, not for a table; omit it" in capsys.readouterr().err


def test_squad_file_is_read_on_the_given_device(squad: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_ENGINE", "torch")
    args = build_parser().parse_args(["eval", str(squad), "--reading", "--device", "cpu:0"])
    question_set = load_question_set(
        squad, args, pytest.fail, lambda *_: None, on_invalid=raise_invalid, on_unlabelled=pytest.fail
    )
    assert isinstance(question_set.assistant.reader, SpanReader)
    assert question_set.assistant.reader._predictor.model.engine.name == "torch, cpu:0"


def test_without_articles_of_asks_only_about_other_articles(
    squad: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (article,) = json.loads(gzip.decompress(squad.read_bytes()))["data"]
    other = {"title": "Seen_before", "paragraphs": [{"context": RENTS, "qas": [_qa("seen", "When?", "1894", 29)]}]}
    both, training = tmp_path / "both.json", tmp_path / "training.json"
    both.write_text(json.dumps({"data": [article, other]}))
    training.write_text(json.dumps({"data": [other]}))
    assert main(["eval", str(both), "--open", "--json", "--without-articles-of", str(training)]) == 0
    summary = _summary(capsys)
    assert (summary["answerable"], summary["unanswerable"]) == (2, 1)
    # The other article stays in the index.
    assert (summary["settings"]["documents"], summary["settings"]["without articles of"]) == (3, ["training.json"])
    assert main(["eval", str(training), "--open", "--without-articles-of", str(training)]) == 2
    assert "all its articles are in" in capsys.readouterr().err


def test_predictions_and_probabilities_are_in_squad_format(squad: Path, tmp_path: Path) -> None:
    said, unsure = tmp_path / "out" / "p.json", tmp_path / "n.json"
    assert main(["eval", str(squad), "--reading", "--predictions", str(said), "--na-probs", str(unsure)]) == 0
    given, probabilities = json.loads(said.read_text()), json.loads(unsure.read_text())
    assert set(given) == set(probabilities) == {"km", "year", "none"}
    assert given["year"] == "1894"
    assert 0 < probabilities["year"] < 1


@pytest.mark.slow
def test_baseline_comparison_sets_the_exit_code(
    squad: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report"
    assert main(["eval", str(squad), "--open", "--report", str(report)]) == 0
    baseline = report / "results.json"
    again = ["eval", str(squad), "--open", "--baseline", str(baseline)]
    assert main(again) == 0
    assert "compared with results.json on 3 common questions" in capsys.readouterr().out
    # The baseline of a run that is right and certain about everything.
    content = json.loads(baseline.read_text())
    for question in content["questions"]:
        question |= {"confidence": 1.0 if question["golds"] else 0.0, "f1": 1.0, "cause": None}
    baseline.write_text(json.dumps(content))
    assert main(again) == 1
    assert "  worse" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["{squad}", "{squad}", "--open", "--report", "r"],
            "--report is for a single run, not 2 files; give one file at a time",
        ),
        (["--sweep", "--baseline", "b"], "--baseline is for a single run, not --sweep; omit one of the two"),
        (["--baseline", "{tmp}/none.json"], "none.json: cannot be read"),
        ([str(SHIPPED_QUESTIONS), "--open"], "--open is for SQuAD-format files"),
        (
            [str(SHIPPED_QUESTIONS), "--without-articles-of", "{squad}"],
            "--without-articles-of is for SQuAD-format files",
        ),
        (["{unsplit}", "--part", "test"], "the questions are not split, so there is no test part"),
        (["{bad}"], "bad.jsonl:2: not JSON"),
    ],
)
def test_invalid_input_is_one_line_and_exit_code_2(
    arguments: list[str], message: str, squad: Path, corpus_index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path = squad.parent
    good = json.dumps({"id": "g", "question": "Who leads Ruritania?", "kind": "who", "answers": []})
    unsplit, bad = tmp_path / "unsplit.jsonl", tmp_path / "bad.jsonl"
    unsplit.write_text(good)
    bad.write_text(good + "\n{\n")
    names = {"squad": squad, "tmp": tmp_path, "unsplit": unsplit, "bad": bad}
    assert main(["eval", "--index", str(corpus_index), *(a.format(**names) for a in arguments)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_skip_bad_skips_and_lists_invalid_questions(
    squad: Path, tmp_path: Path, corpus_index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = {"id": "g", "question": "Who leads Ruritania?", "kind": "who", "answers": []}
    path = tmp_path / "q.jsonl"
    path.write_text("\n".join(["{", json.dumps(good), json.dumps({**good, "id": "odd", "question": "???"})]))
    assert main(["eval", str(path), "--skip-bad", "--json", "--index", str(corpus_index)]) == 0
    output = capsys.readouterr()
    summary = json.loads(output.out)
    assert (summary["answerable"], summary["unanswerable"], len(summary["left_out"])) == (0, 1, 2)
    assert "skipped 2 invalid questions" in output.err
    assert "q.jsonl:1: not JSON" in output.err
    assert "question odd: the question is empty" in output.err
    assert summary["figures"]["f1"] == {"value": None, "low": None, "high": None, "count": 0}
    wrong = json.loads(gzip.decompress(squad.read_bytes()))
    wrong["data"][0]["paragraphs"][0]["qas"][0]["answers"][0]["answer_start"] = 3
    plain = tmp_path / "wrong.json"
    plain.write_text(json.dumps(wrong))
    assert main(["eval", str(plain), "--open"]) == 2
    assert "wrong.json: question km: the text at 3 is ' border of', not '40 km long'" in capsys.readouterr().err
    assert main(["eval", str(plain), "--open", "--skip-bad", "--json"]) == 0
    assert len(_summary(capsys)["left_out"]) == 1


class _Interrupted:
    """A reader that finds nothing, and is interrupted after a while."""

    def __init__(self) -> None:
        self.read_before = 0

    def read(self, question: str, hits: Sequence[Hit]) -> list[Span]:
        self.read_before += 1
        if self.read_before > 4:
            raise KeyboardInterrupt
        return []


def test_interrupted_run_is_reported_as_incomplete(
    assistant: Assistant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    arguments = parser.parse_args(["--json", "--report", str(tmp_path)])
    with pytest.raises(KeyboardInterrupt):
        evaluate(arguments, lambda: Assistant(assistant.retriever, _Interrupted()), Consoles(out, err), progress_bars)
    summary = _summary(capsys)
    assert (summary["complete"], 0 < summary["answerable"] + summary["unanswerable"] < 5) == (False, True)
    assert json.loads((tmp_path / "results.json").read_text())["complete"] is False


def test_sweep_measures_every_setting(encoder: SentenceTransformerEncoder) -> None:
    documents = [Document("a", BORDER, "A"), Document("b", RENTS, "B")]
    gold = Gold("a", 27, 37, "40 km long", 0, len(BORDER))
    questions = [Question("1", "How long is the border of Ruritania?", (gold,))]
    settings = [SETTINGS[0], Setting("words", fusion=Fusion(dense=0, lexical=1))]
    rows = list(sweep(documents, questions, encoder, settings))
    assert [(row.name, row.passages) for row in rows] == [(settings[0].name, 2), ("words", 2)]
    assert [figure.value for figure in rows[0].figures] == [1.0] * 5


def test_sweep_reads_with_the_given_reader(encoder: SentenceTransformerEncoder, cautious_reader: Path) -> None:
    gold = Gold("a", 27, 37, "40 km long", 0, len(BORDER))
    questions = [Question("1", "How long is the border of Ruritania?", (gold,))]
    handled = [
        next(sweep([Document("a", BORDER, "A")], questions, encoder, SETTINGS[:1], reader=reader)).figures[-1].value
        for reader in (None, cautious_reader)
    ]
    assert handled == [1.0, 0.0]


def test_sweep_settings_differ_and_start_with_the_default() -> None:
    default = Setting("")
    assert [setting for setting in SETTINGS if (setting.chunking, setting.fusion, setting.read) == (
        default.chunking, default.fusion, default.read)] == [SETTINGS[0]]  # fmt: skip
    assert len({(setting.chunking, setting.fusion, setting.read) for setting in SETTINGS}) == len(SETTINGS)


@pytest.mark.slow
def test_rag_eval_sweep_uses_the_calibration_part(corpus_index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "--sweep", "--limit", "2", "--index", str(corpus_index)]) == 0
    table = capsys.readouterr().out
    assert table.startswith("central-asia.jsonl, calibration part: 2 questions")
    assert all(setting.name in table for setting in SETTINGS)


def test_question_text_cannot_control_the_terminal(
    tmp_path: Path, corpus_index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "Who leads \x1b[31mRuritania\x07 [bold]now[/bold]?"
    path = tmp_path / "q.jsonl"
    path.write_text(json.dumps({"id": "g", "question": text, "kind": "who", "answers": []}))
    run = ["eval", str(path), "--index", str(corpus_index)]
    assert main([*run, "--report", str(tmp_path)]) in (0, 1)
    content = json.loads((tmp_path / "results.json").read_text())
    content["questions"][0]["cause"] = None if content["questions"][0]["cause"] else "answering"
    (tmp_path / "results.json").write_text(json.dumps(content))
    capsys.readouterr()
    main([*run, "--baseline", str(tmp_path / "results.json")])
    output = capsys.readouterr().out
    assert "Ruritania" in output
    assert "[bold]now[/bold]?" in output
    assert not set("\x1b\x07") & set(output)


@pytest.mark.slow
def test_speed_benchmark_compares_with_plain_encoding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_text(f"{BORDER}\n\n{RENTS}\n")
    questions = tmp_path / "q.jsonl"
    questions.write_text(json.dumps({"id": "1", "question": "How long?", "kind": "how many", "answers": []}))
    assert speed.main([str(tmp_path / "a.txt"), "--questions", str(questions), "--repeats", "1"]) == 0
    table = capsys.readouterr().out
    for row in ("build an index", "tokens/s", "answer a question, p99", "peak memory"):
        assert row in table
    assert speed.main([str(tmp_path / "none")]) == 2
    assert "no such file or folder" in capsys.readouterr().err
