"""The real parts, made once: the embedder, the index of the shipped corpus, an assistant over it."""

from pathlib import Path

import pytest

from rag import Assistant, SentenceTransformerEncoder, build_index

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "corpus"


@pytest.fixture(scope="session")
def encoder() -> SentenceTransformerEncoder:
    return SentenceTransformerEncoder()


@pytest.fixture(scope="session")
def corpus_index(tmp_path_factory: pytest.TempPathFactory, encoder: SentenceTransformerEncoder) -> Path:
    """An index folder of the shipped corpus; nobody writes to it."""
    folder = tmp_path_factory.mktemp("corpus-index")
    build_index(CORPUS, folder, encoder)
    return folder


@pytest.fixture(scope="session")
def assistant(corpus_index: Path, encoder: SentenceTransformerEncoder) -> Assistant:
    return Assistant.load(corpus_index, encoder)
