"""Retrieve passages and quote exact answers in LangChain.

python examples/langchain_quotes.py
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough

from rag import Assistant, build_index
from rag.adapters.langchain import RagAnswerer, RagRetriever, quote_tool

ARTICLES = Path(__file__).resolve().parent.parent / "corpus"
QUESTION = "How long is the border between Kazakhstan and Russia?"


def main(index: str) -> None:
    """Ask one question of a retriever, a chain, an answerer and a tool."""
    build_index(ARTICLES, index)
    assistant = Assistant.load(index)

    retriever = RagRetriever(retriever=assistant.retriever, k=5)
    for document in retriever.invoke(QUESTION, k=2, where={"date": ">=2022"}):
        print(document.metadata["document"], document.metadata["start"], document.metadata["end"])

    # Add a chat model and an output parser to make it a chain that answers.
    prompt = ChatPromptTemplate.from_template("Answer from these passages: {passages}\n\nQuestion: {question}")
    chain = {"passages": retriever, "question": RunnablePassthrough()} | prompt
    print(len(chain.invoke(QUESTION).to_messages()), "message for a chat model")

    given = RagAnswerer(assistant=assistant).invoke(QUESTION)
    if answer := given["answer"]:
        print(f"{answer['text']}  ({answer['document']}, characters {answer['start']} to {answer['end']})")
    else:
        print("not found:", given["reason"])

    # What an agent's model reads when it calls the tool.
    print(quote_tool(assistant).invoke({"question": QUESTION}))


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        main(folder)
