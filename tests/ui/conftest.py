"""The shipped articles as a collection."""

from pathlib import Path

import pytest
from rag.ui.services.collections import Collection, Collections

from rag import SentenceTransformerEncoder


@pytest.fixture(scope="session")
def collections(
    corpus_index: Path, encoder: SentenceTransformerEncoder, tmp_path_factory: pytest.TempPathFactory
) -> Collections:
    home = tmp_path_factory.mktemp("home")
    shipped = Collection("start", "Central Asia", corpus_index, None, home / "taught.jsonl")
    return Collections(home, [shipped], encoder)
