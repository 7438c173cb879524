"""Quote exact answers in a Haystack pipeline that is saved and loaded.

python examples/haystack_quotes.py
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

# Haystack reports the runs of pipelines unless it is told not to before it is imported.
os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "false"

from haystack import Pipeline

from rag import build_index
from rag.adapters.haystack import RagAnswerer, RagRetriever

ARTICLES = Path(__file__).resolve().parent.parent / "corpus"
QUESTIONS = ("How long is the border between Kazakhstan and Russia?", "What is the capital of Iceland?")


def main(index: str) -> None:
    """Retrieve passages for a question, then ask two questions of a pipeline."""
    build_index(ARTICLES, index)

    retriever = RagRetriever(index, top_k=2, where={"date": ">=2022"})
    for document in retriever.run(QUESTIONS[0])["documents"]:
        print(document.meta["document"], f"{document.score:.2f}")

    pipeline = Pipeline()
    pipeline.add_component("answerer", RagAnswerer(index))
    saved = pipeline.dumps()
    # Haystack loads classes of other packages only where it is told so.
    pipeline = Pipeline.loads(saved, allowed_modules=["rag.adapters.haystack"])

    for question in QUESTIONS:
        best = pipeline.run({"answerer": {"query": question}})["answerer"]["answers"][0]
        if best.data is None:
            print("not found:", best.meta["reason"])
        else:
            print(f"{best.data}  ({best.score:.0%} likely to be right)")
            print(f"  {best.context}")
            print(f"  {best.meta['document']}, characters {best.meta['start']} to {best.meta['end']}")


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        main(folder)
