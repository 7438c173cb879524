"""Index a folder, ask it a question, and check the answer against the file.

python examples/ask_a_folder.py [FOLDER QUESTION]
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from rag import Answer, Assistant, build_index

ARTICLES = Path(__file__).resolve().parent.parent / "corpus"
QUESTION = "How long is the border between Kazakhstan and Russia?"


def main(folder: Path, question: str) -> None:
    """Ask one question of the files in a folder."""
    # A real program keeps the index: the next build_index reads only the files that changed.
    with TemporaryDirectory() as index:
        changes = build_index(folder, index)
        for skipped in changes.skipped:
            print(f"skipped {skipped.document_id}: {skipped.reason}")
        result = Assistant.load(index).ask(question)

    answer = result.answer
    if answer is None:
        print(f"not found ({result.reason})")
        return
    print(f"{answer.text}  ({answer.confidence:.0%} likely to be right)")
    print(f"  {answer.sentence.text}")
    print(f"  {answer.title}, {answer.document}, characters {answer.start} to {answer.end}")
    if answer.document.endswith((".md", ".txt")):
        print("  the file holds exactly these words there:", quote(folder, answer) == answer.text)


def quote(folder: Path, answer: Answer) -> str:
    """Return the words at the answer's offsets, which count Unicode code points of the decoded file."""
    # newline="" keeps every character of the file, so that the offsets agree.
    with (folder / answer.document).open(encoding="utf-8", newline="") as file:
        return file.read()[answer.start : answer.end]


if __name__ == "__main__":
    if len(sys.argv) == 3:
        main(Path(sys.argv[1]), sys.argv[2])
    else:
        main(ARTICLES, QUESTION)
