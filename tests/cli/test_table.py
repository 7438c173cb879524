"""``rag table`` from the command line."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from openpyxl import load_workbook

from rag import Index, SentenceTransformerEncoder, build_index
from rag.cli import main
from rag.questions.anchors import Selection
from rag.questions.feedback import FeedbackFile
from tests.waiting import PATIENCE

QUESTIONS = "# About the contracts\nWho signed the contract?\n\ncontract date\nwho signed the contract\n"


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory, encoder: SentenceTransformerEncoder) -> Path:
    """An index of 20 contracts and a text that answers nothing."""
    folder = tmp_path_factory.mktemp("contracts")
    docs = folder / "docs"
    docs.mkdir()
    for day in range(1, 21):
        text = f"The contract was signed by Anna Meyer. The contract date is {day} May 2021."
        (docs / f"c{day:02}.md").write_text(text)
    (docs / "tulips.md").write_text("Tulips need sun and water.")
    build_index(docs, folder / "index", encoder)
    return folder / "index"


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_table_of_questions_in_a_file(contracts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    questions, out = tmp_path / "questions.txt", tmp_path / "t.csv"
    questions.write_text(QUESTIONS)
    command = ["table", str(questions), "--index", str(contracts), "--where", "path=c0*", "--out", str(out)]
    assert main(command) == 0
    rows = _rows(out)
    assert [(row["document"], row["Who signed the contract?"], row["contract date"]) for row in rows] == [
        (f"c{day:02}.md", "Anna Meyer", f"{day} May 2021") for day in range(1, 10)
    ]
    assert [int(row["contract date: start"]) for row in rows] == [60] * 9
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "asked already, left out: who signed the contract",
        "9 documents, 2 questions: 18 cells found, 0 not found",
        f"wrote {out}",
    ]
    # The other format takes the same cells.
    assert main([*command[:-1], str(tmp_path / "t.jsonl")]) == 0
    assert "18 kept from an earlier run" in capsys.readouterr().err
    lines = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()]
    assert [line["text"] for line in lines[:2]] == ["Anna Meyer", "1 May 2021"]


def test_questions_from_standard_input_and_the_command_line(
    contracts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("contract date\n"))
    out = tmp_path / "t.csv"
    command = ["table", "-", "--question", "Who signed?", "--index", str(contracts), "--where", "path=tulips.md"]
    assert main([*command, "--short", "--out", str(out)]) == 0
    assert _rows(out) == [
        {
            "document": "tulips.md",
            "title": "tulips",
            "contract date": "not found",
            "Who signed?": "not found",
            "remark": "",
        }
    ]


def test_min_confidence_empties_unsure_cells(contracts: Path, tmp_path: Path) -> None:
    command = ["table", "--question", "contract date", "--index", str(contracts), "--where", "path=c01.md", "--force"]
    command += ["--out", str(tmp_path / "t.csv")]
    assert main(command) == 0
    assert _rows(tmp_path / "t.csv")[0]["contract date"] == "1 May 2021"
    assert main([*command, "--min-confidence", "1"]) == 0
    assert _rows(tmp_path / "t.csv")[0]["contract date"] == "not found"


def test_corrected_cells_count(contracts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, marked = tmp_path / "t.csv", tmp_path / "feedback.jsonl"
    documents = Index.open(contracts).documents
    right = documents["c01.md"].text.index("Meyer")
    feedback = FeedbackFile(marked)
    feedback.add("Who signed?", documents, right=[Selection("c01.md", right, right + 5)])
    wrong = documents["c02.md"].text.index("Anna Meyer")
    feedback.add("Who signed?", documents, wrong=[Selection("c02.md", wrong, wrong + 10)])
    command = ["table", "--question", "Who signed?", "--index", str(contracts), "--where", "path=c0*", "--force"]
    command += ["--out", str(out)]
    assert main(command) == 0
    assert [row["Who signed?"] for row in _rows(out)] == ["Anna Meyer"] * 9
    assert main([*command, "--feedback", str(marked)]) == 0
    assert [row["Who signed?"] for row in _rows(out)] == ["Meyer", "not found", *["Anna Meyer"] * 7]
    assert _rows(out)[0]["Who signed?: confidence"] == "1.0"
    assert "8 cells found, 1 not found, 9 kept from an earlier run" in capsys.readouterr().err


def test_file_name_that_begins_with_an_equals_sign_is_no_formula(
    encoder: SentenceTransformerEncoder, tmp_path: Path
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "=1+1.md").write_text("The contract date is 3 May 2021.")
    build_index(docs, tmp_path / "index", encoder)
    command = ["table", "--question", "contract date", "--index", str(tmp_path / "index"), "--out"]
    assert main([*command, str(tmp_path / "t.csv")]) == 0
    assert [_rows(tmp_path / "t.csv")[0][name] for name in ("document", "title", "contract date")] == [
        "'=1+1.md", "'=1+1", "3 May 2021",
    ]  # fmt: skip
    assert main([*command, str(tmp_path / "t.xlsx")]) == 0
    sheet = load_workbook(tmp_path / "t.xlsx").active
    assert sheet is not None
    assert [(cell.data_type, cell.value) for cell in sheet[2]][:2] == [("s", "=1+1.md"), ("s", "=1+1")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "{tmp}/t.csv"], "there is no question; name a file with one per line, or give --question"),
        (["{tmp}/empty.txt", "--out", "{tmp}/t.csv"], "there is no question; write one a line, or give --question"),
        (["{tmp}/many.txt", "--out", "{tmp}/t.csv"], "500 questions; a table has at most 100, so make several tables"),
        (["{tmp}/blank.txt", "--out", "{tmp}/t.csv"], "there is no question; write one a line, or give --question"),
        (
            ["--question", "Who?", "--out", "{tmp}/t.csv", "--feedback", "{tmp}/none.jsonl"],
            "none.jsonl: there is no such feedback file; save one in the tab Feedback of `rag ui`",
        ),
        (["{tmp}/none.txt", "--out", "{tmp}/t.csv"], "none.txt: cannot be read (No such file or directory)"),
        (["--question", "Who?", "--out", "{tmp}/t.doc"], "t.doc: a table is written as .csv, .xlsx, .html or .jsonl"),
        (
            ["--question", "Who?", "--out", "{tmp}/there.csv"],
            "there.csv: exists already; name a new file, or give --force",
        ),
        (["--question", "Who?", "--out", "{tmp}/t.csv", "--where", "contry=x"], "no document has the field 'contry'"),
        (["--question", "Who?", "--out", "{tmp}/t.csv", "--where", "path=x"], "no document matches the conditions"),
        (["--question", "Who?", "--out", "{tmp}/foreign.csv"], "foreign.cells.jsonl: is not a file of kept cells"),
    ],
)
def test_bad_input_is_one_line(
    contracts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    (tmp_path / "empty.txt").write_text("# nothing\n")
    (tmp_path / "many.txt").write_text("\n".join(f"field {number}" for number in range(500)))
    (tmp_path / "blank.txt").write_text(" \n\n\t\n")
    (tmp_path / "there.csv").write_text("kept")
    (tmp_path / "foreign.cells.jsonl").write_text("{}\n")
    assert main(["table", *(each.format(tmp=tmp_path) for each in arguments), "--index", str(contracts)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert (tmp_path / "there.csv").read_text() == "kept"
    assert not (tmp_path / "t.csv").exists()


def test_interrupted_table_goes_on_with_the_same_command(
    contracts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, kept = tmp_path / "t.csv", tmp_path / "t.cells.jsonl"
    arguments = ["table", "--question", "contract date", "--index", str(contracts), "--out", str(out)]
    # Interrupts itself where Ctrl-C would, when the third row is computed.
    program = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from rag.tables import KeptCells; add = KeptCells.add; added = []\n"
        "def interrupting(self, key, values):\n"
        "    add(self, key, values); added.append(key)\n"
        "    if len(added) == 3: os.kill(os.getpid(), signal.SIGINT)\n"
        "KeptCells.add = interrupting\n"
        "from rag.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 130, done.stderr
    assert done.stderr.splitlines() == [
        f"stopped after 2 documents; their cells are kept in {kept}, and the same command goes on from there",
        "rag: interrupted",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.cells.jsonl"]
    before = kept.read_text()
    assert before.count("\n") == 4
    assert main(arguments) == 0
    assert (
        "21 documents, 1 question: 20 cells found, 1 not found, 3 kept from an earlier run" in capsys.readouterr().err
    )
    assert kept.read_text().startswith(before)
    assert [row["contract date"] for row in _rows(out)] == [*(f"{day} May 2021" for day in range(1, 21)), "not found"]
