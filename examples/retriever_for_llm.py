"""Put the best passages in front of a language model, within its token budget, and resolve its citations.

python examples/retriever_for_llm.py [QUESTION]
"""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from rag import Hit, Retriever, build_index

ARTICLES = Path(__file__).resolve().parent.parent / "corpus"
QUESTION = "How much do Kazakhstan's oil exports depend on Russia?"

#: Tokens for the passages; what the model has left is for the question and its reply.
MAX_TOKENS = 500

INSTRUCTIONS = """\
Answer the question from the passages below and from nothing else. After each statement, cite the passage that
supports it by its number, as in [1]. If the passages do not answer the question, say so."""


def prompt(question: str, hits: Sequence[Hit]) -> str:
    """Return a prompt with the passages numbered from 1, best first."""
    passages = [f"[{number}] {hit.title}\n{hit.passage.text}" for number, hit in enumerate(hits, start=1)]
    return "\n\n".join([INSTRUCTIONS, *passages, f"Question: {question}"])


def cited(reply: str, hits: Sequence[Hit]) -> list[tuple[int, Hit]]:
    """Return the passages that a reply cites, with their numbers, in order."""
    numbers = sorted({int(number) for number in re.findall(r"\[(\d+)\]", reply)})
    return [(number, hits[number - 1]) for number in numbers if 1 <= number <= len(hits)]


def main(question: str) -> None:
    """Print the prompt for one question, then the source of each passage that a reply cites."""
    with TemporaryDirectory() as index:
        build_index(ARTICLES, index)
        hits = Retriever.load(index).search(question, k=5, max_tokens=MAX_TOKENS)

    print(prompt(question, hits))
    print(f"\n--- {sum(hit.tokens for hit in hits)} of {MAX_TOKENS} tokens in {len(hits)} passages")

    reply = "The best passage answers it [1]."  # Send the prompt to the model of your choice instead.
    for number, hit in cited(reply, hits):
        passage = hit.passage
        print(f"[{number}] {passage.document_id}, characters {passage.start} to {passage.end}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) == 2 else QUESTION)
