"""Files that ship with the evaluation."""

from pathlib import Path

SHIPPED_QUESTIONS = Path(__file__).parent / "questions" / "central-asia.jsonl"

#: Further questions about the shipped articles, with gold evidence.
SHIPPED_EVIDENCE = Path(__file__).parent / "questions" / "evidence.jsonl"

#: Gold table of some of the shipped articles.
SHIPPED_TABLE = SHIPPED_QUESTIONS.with_name("table.jsonl")

#: Accepted results on the shipped test part; ``CONTRIBUTING.md`` says how to update them.
BASELINE = Path(__file__).parent / "baseline.json"
