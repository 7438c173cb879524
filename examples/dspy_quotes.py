"""Use rag as a retriever and as a tool in DSPy; without a language model, so without a network.

python examples/dspy_quotes.py    (needs `pip install dspy`)
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

# DSPy calls models through litellm, which otherwise fetches a list of prices when it is imported.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import dspy

from rag import Assistant, build_index

ARTICLES = Path(__file__).resolve().parent.parent / "corpus"
QUESTION = "How long is the border between Kazakhstan and Russia?"


class RagPassages(dspy.Module):
    """Passages for a question, as a step of a DSPy program."""

    def __init__(self, assistant: Assistant, k: int = 3) -> None:
        super().__init__()
        self.assistant = assistant
        self.k = k

    def forward(self, question: str) -> dspy.Prediction:
        """Return ``passages`` (texts, best first) and ``places`` (document, start and end of each)."""
        hits = self.assistant.retriever.search(question, k=self.k)
        places = [(hit.passage.document_id, hit.passage.start, hit.passage.end) for hit in hits]
        return dspy.Prediction(passages=[hit.passage.text for hit in hits], places=places)


def main(index: str) -> None:
    """Retrieve passages, and call the tool that quotes exact answers."""
    build_index(ARTICLES, index)
    assistant = Assistant.load(index)

    # A program gives the passages to a model: dspy.ChainOfThought("context, question -> answer")(context=..., ...).
    for document, start, end in RagPassages(assistant)(question=QUESTION).places:
        print(document, start, end)

    def quote(question: str) -> str:
        """Find the exact words of the documents that answer a question, or "not found"."""
        answer = assistant.ask(question).answer
        return f"{answer.text} ({answer.document}, characters {answer.start}-{answer.end})" if answer else "not found"

    # For agents: dspy.ReAct("question -> answer", tools=[tool]).
    tool = dspy.Tool(quote)
    print(tool(question=QUESTION))


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        main(folder)
