"""Documents in a language that the embedder does not know."""

from rag.embedding.encoder import DEFAULT_ENCODER
from rag.index.language import SAMPLE, unread_languages
from rag.types import Document
from tests.index.conftest import CountingEncoder, QuickEncoder

HINDI = "नगर उत्तर में है। यह ऊँचा है।"
ENGLISH = "The pier is closed, and the gate of the harbour is open."


def _found(*documents: Document, embedder: str = DEFAULT_ENCODER) -> list[str]:
    return [name for name, _ in unread_languages(documents, CountingEncoder(QuickEncoder(), embedder))]


def test_documents_in_another_language_are_named() -> None:
    german = "Der Turm ist hoch, und die Brücke wurde zwischen den Ufern gebaut."
    documents = [Document("a.md", ENGLISH, ""), Document("b.md", HINDI, ""), Document("c.zip/d.md", german, "")]
    assert _found(*documents) == ["b.md", "c.zip/d.md"]


def test_an_embedder_that_may_know_other_languages_reads_them() -> None:
    assert _found(Document("b.md", HINDI, ""), embedder="multilingual") == []


def test_rows_of_a_table_count_as_one_document() -> None:
    rows = [Document(f"t.csv#{n}", text, "") for n, text in enumerate([*[HINDI] * 5, ENGLISH], 1)]
    assert _found(*rows) == ["t.csv"]
    assert _found(*[Document(f"t.csv#{n}", ENGLISH, "") for n in range(9)], rows[0]) == []


def test_front_matter_and_what_follows_the_sample_decide_nothing() -> None:
    front = "---\n" + HINDI + "\n---\n"
    assert _found(Document("a.md", front + ENGLISH, "", body=len(front))) == []
    assert _found(Document("a.md", f"{ENGLISH} " * (SAMPLE // len(ENGLISH)) + HINDI * SAMPLE, "")) == []
    assert _found(Document("a.md", "12,5\t31", "")) == []
