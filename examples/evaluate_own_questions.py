"""Measure the answers on your own documents: write a question set, run the suite, print figures with intervals.

python examples/evaluate_own_questions.py
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from rag.eval.scoring.measures import MEASURES, figure
from rag.eval.scoring.suite import judge, run

from rag import Assistant, build_index
from rag.questions.schema import load_questions

DOCUMENTS = {
    "harbour.md": """\
# The new harbour

The harbour opened on 3 May 2019 after eleven years of work. It has room for 48 ships, twice as many as the old one.
Maria Okafor, who led the project, moved to the railways soon afterwards.
""",
    "ferry.md": """\
# The ferry

The ferry crosses the bay in 35 minutes. A ticket costs 12 crowns; children under six travel free. In storms the
service stops, because the landing stage is open to the west.
""",
}


def gold(document: str, sentence: str, quote: str) -> dict[str, str]:
    """Return one place that answers: the exact words, in a sentence that stands in the document once."""
    return {"document": document, "sentence": sentence, "quote": quote}


QUESTIONS = [
    {
        "id": "opened",
        "question": "When did the harbour open?",
        "kind": "when",
        "answers": [gold("harbour.md", "The harbour opened on 3 May 2019 after eleven years of work.", "3 May 2019")],
    },
    {
        "id": "leader",
        "question": "Who was in charge of building the harbour?",
        "kind": "who",
        "answers": [gold("harbour.md", "Maria Okafor, who led the project,", "Maria Okafor")],
    },
    {
        "id": "crossing",
        "question": "How long does the crossing take?",
        "kind": "how many",
        "answers": [gold("ferry.md", "The ferry crosses the bay in 35 minutes.", "35 minutes")],
    },
    {
        "id": "fare",
        "question": "How much is a ticket for the ferry?",
        "kind": "how many",
        "answers": [gold("ferry.md", "A ticket costs 12 crowns;", "12 crowns")],
    },
    {
        "id": "storm",
        "question": "Why does nobody cross in bad weather?",
        "kind": "why",
        "answers": [
            gold("ferry.md", "because the landing stage is open to the west.", "the landing stage is open to the west")
        ],
    },
    {
        "id": "berths",
        "question": "How many vessels could be moored before the new harbour was built?",
        "kind": "how many",
        "answers": [
            gold(
                "harbour.md", "It has room for 48 ships, twice as many as the old one.", "twice as many as the old one"
            )
        ],
    },
    {
        "id": "captain",
        "question": "What is the name of the ferry's captain?",
        "kind": "who",
        "document": "ferry.md",
        "answers": [],  # The documents do not say: the right reply is "not found".
    },
]

KEYS = ("recall@1", "sentence_hit", "exact_match", "f1", "handled")


def main() -> None:
    """Ask each question and print how well the answers match."""
    with TemporaryDirectory() as folder:
        documents, index = Path(folder, "documents"), Path(folder, "index")
        documents.mkdir()
        for name, text in DOCUMENTS.items():
            (documents / name).write_text(text, encoding="utf-8")
        file = Path(folder, "questions.jsonl")
        file.write_text("".join(json.dumps(question) + "\n" for question in QUESTIONS), encoding="utf-8")

        build_index(documents, index)
        assistant = Assistant.load(index)
        questions = load_questions(file, assistant.retriever.index.documents)
        outcomes = [judge(trial) for trial in run(assistant, questions)]

    for outcome in outcomes:
        print(f"{outcome.text}  {outcome.given or 'not found'}  ({outcome.cause or 'right'})")
    print()
    for measure in MEASURES:
        if measure.key in KEYS:
            value = figure(measure, outcomes)
            print(
                f"{measure.label:28} {value.value:.2f} "
                f"(95% interval {value.low:.2f} to {value.high:.2f}, {value.count} questions)"
            )


if __name__ == "__main__":
    main()
