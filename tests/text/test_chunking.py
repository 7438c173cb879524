import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.embedding.encoder import SentenceTransformerEncoder
from rag.errors import InputError
from rag.text.chunking import Budget, ChunkSettings, chunk
from rag.text.tokens import token_counter
from rag.types import Document, Passage

count = token_counter()

#: Any Unicode text, and texts that are likely to hit a boundary.
texts = st.one_of(
    st.text(max_size=600),
    st.lists(
        st.sampled_from(
            [
                "word ",
                "Sentence one. ",
                "\n\n",
                "# Heading\n",
                "é\u0301",
                "👩‍👩‍👧",
                "x" * 90,
                " " * 70,
                "\r\n",
                "。",
                "7,644 km ",
            ]
        )
    ).map("".join),
)
sizes = st.builds(
    lambda size, overlap, minimum: ChunkSettings(size, min(overlap, size // 2), min(minimum, size)),
    st.integers(16, 60),
    st.integers(0, 30),
    st.integers(0, 30),
)  # fmt: skip


def _chunk(text: str, sizes: ChunkSettings = ChunkSettings(), *windows: Budget, body: int = 0) -> list[Passage]:  # noqa: B008
    return list(chunk(Document("d", text, "d", body), sizes, *windows))


@settings(max_examples=300)
@given(texts, sizes)
def test_passages_are_exact_slices_within_budget_and_lose_nothing(text: str, sizes: ChunkSettings) -> None:
    passages = _chunk(text, sizes)
    for passage in passages:
        assert text[passage.start : passage.end] == passage.text
        assert passage.tokens == count(passage.text) <= sizes.max_tokens
    covered = {i for passage in passages for i in range(passage.start, passage.end)}
    assert covered >= {i for i, character in enumerate(text) if not character.isspace()}
    assert [p.start for p in passages] == sorted({p.start for p in passages})


@settings(max_examples=60)
@given(texts)
def test_passages_fit_the_embedder_window(encoder: SentenceTransformerEncoder, text: str) -> None:
    window = Budget(encoder.count_tokens, 40)
    assert all(encoder.count_tokens(p.text) <= 40 for p in _chunk(text, ChunkSettings(), window))


def test_paragraph_is_one_passage_with_its_heading() -> None:
    long = "Rents doubled in Almaty. Students left the city for good and went home to their parents in the villages."
    text = f"# Rents\n\n{long}\n\n{long}\n"
    assert [p.text for p in _chunk(text)] == [f"# Rents\n\n{long}", long]


def test_short_paragraph_is_joined_with_the_next() -> None:
    long = "Rents doubled in Almaty. Students left the city for good and went home to their parents in the villages."
    assert [p.text for p in _chunk(f"“We left.”\n\n{long}\n\n{long}")] == [f"“We left.”\n\n{long}", long]


def test_long_paragraph_is_split_into_overlapping_sentences() -> None:
    sentences = [f"Sentence number {i} of the paragraph stands here." for i in range(9)]
    passages = _chunk(" ".join(sentences), ChunkSettings(max_tokens=60, overlap_tokens=20, min_tokens=0))
    assert [p.text for p in passages] == [
        " ".join(sentences[0:4]),
        " ".join(sentences[3:7]),
        " ".join(sentences[6:9]),
    ]


def test_long_text_without_spaces_is_split_within_budget() -> None:
    passages = _chunk("x" * 100_000)
    assert "".join(p.text for p in passages) == "x" * 100_000
    assert max(p.tokens for p in passages) <= 200


def test_front_matter_is_in_no_passage() -> None:
    text = "---\ntitle: T\n---\nThe text proper."
    assert [p.text for p in _chunk(text, body=17)] == ["The text proper."]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"max_tokens": 8}, "max_tokens is 8"),
        ({"overlap_tokens": 150}, "overlap_tokens is 150; it must lie between 0 and half of max_tokens, 100"),
        ({"min_tokens": -1}, "min_tokens is -1"),
    ],
)
def test_inconsistent_sizes_are_refused(values: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ChunkSettings(**values)
