from dataclasses import replace

import numpy as np
import pytest

from rag import Assistant, Fusion, Retriever
from rag.errors import InputError
from rag.text.tokens import token_counter


@pytest.fixture(scope="module")
def retriever(assistant: Assistant) -> Retriever:
    return assistant.retriever


def test_best_hit_is_an_exact_slice_that_answers(retriever: Retriever) -> None:
    hits = retriever.search("How many people were killed in the uprising of 1916?", k=5)
    best = hits[0].passage
    assert best.document_id == "language-and-colonial-memory.md"
    assert "270,000" in best.text
    assert len(hits) == 5
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    for hit in hits:
        text = retriever.document(hit.passage.document_id).text
        assert text[hit.passage.start : hit.passage.end] == hit.passage.text


def test_hits_have_cosine_and_bm25_scores(retriever: Retriever) -> None:
    question = "Who postponed a visit to Bishkek?"
    hit = retriever.search(question, k=1)[0]
    vectors = retriever.encoder.encode([question, hit.passage.text])
    row = retriever.index.passages.index(hit.passage)
    assert hit.dense == pytest.approx(float(vectors[0] @ vectors[1]), abs=1e-5)
    assert hit.lexical == pytest.approx(float(retriever.index.lexical.scores(question)[row]))


@pytest.mark.parametrize(("fusion", "score"), [(Fusion(1, 0), "dense"), (Fusion(0, 1), "lexical")])
def test_single_search_ranks_by_its_own_score(retriever: Retriever, fusion: Fusion, score: str) -> None:
    hits = Retriever(retriever.index, retriever.encoder, fusion).search("rents in Almaty", k=8)
    own = [getattr(hit, score) for hit in hits]
    assert own == sorted(own, reverse=True)


def test_lexical_search_alone_finds_only_passages_that_share_a_term(retriever: Retriever) -> None:
    lexical = Retriever(retriever.index, retriever.encoder, Fusion(0, 1))
    scores = retriever.index.lexical.scores("Tashkent", np.arange(len(retriever.index.passages)))
    found = lexical.search("Tashkent", k=50)
    assert 0 < len(found) == np.count_nonzero(scores) < 50
    assert lexical.search("xyzzy", k=5) == []


def test_hits_fill_the_budget_and_oversized_ones_are_skipped(retriever: Retriever) -> None:
    count = token_counter()
    all_hits = retriever.search("security and the CSTO", k=109)
    hits = retriever.search("security and the CSTO", k=109, max_tokens=300)
    assert all(hit.tokens == count(hit.passage.text) for hit in hits)
    left, expected = 300, []
    for hit in all_hits:
        if hit.tokens <= left:
            expected.append(hit)
            left -= hit.tokens
    assert hits == expected
    assert hits[0] == all_hits[0]


def test_k_above_the_passage_count_returns_all_passages(retriever: Retriever) -> None:
    assert len(retriever.search("Kazakhstan", k=10_000)) == len(retriever.index.passages)


def test_smaller_k_returns_a_prefix(retriever: Retriever) -> None:
    assert retriever.search("oil pipeline", k=3) == retriever.search("oil pipeline", k=20)[:3]


def test_batch_search_equals_single_searches(retriever: Retriever) -> None:
    questions = ["Who leads the CSTO?", "What is Urkun?"]
    together = retriever.search_many(questions, k=4)
    for hits, question in zip(together, questions, strict=True):
        alone = retriever.search(question, k=4)
        assert [hit.passage for hit in hits] == [hit.passage for hit in alone]
        assert [hit.score for hit in hits] == pytest.approx([hit.score for hit in alone], abs=1e-3)


def test_question_without_known_terms_is_ranked_by_meaning(retriever: Retriever) -> None:
    hits = retriever.search("zzz qqq", k=3)
    assert [hit.lexical for hit in hits] == [0, 0, 0]
    assert [hit.dense for hit in hits] == sorted((hit.dense for hit in hits), reverse=True)


@pytest.mark.parametrize("question", ["", "   \n", "?!", "\x00\x07\x1b", "\u200b"])
def test_empty_question_is_refused(retriever: Retriever, question: str) -> None:
    with pytest.raises(InputError, match="the question is empty; ask in words"):
        retriever.search(question)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("word " * 2_000, "10,000 characters long; at most 2,000 are read, so shorten it"),
        ("word " * 300, "300 tokens long; the embedder reads 254, so shorten it"),
        ("what is \ud800 this", "not valid Unicode text"),
    ],
)
def test_too_long_or_invalid_question_is_refused(retriever: Retriever, question: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        retriever.search(question)


@pytest.mark.parametrize(("k", "max_tokens", "message"), [(0, None, "k is 0"), (5, 0, "max_tokens is 0")])
def test_k_and_max_tokens_below_one_are_refused(
    retriever: Retriever, k: int, max_tokens: int | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        retriever.search("Kazakhstan", k, max_tokens)


def test_control_characters_in_a_question_change_nothing(retriever: Retriever) -> None:
    plain = retriever.search("Who leads the CSTO?", k=1)[0]
    assert retriever.search("Who leads\x00 the\x1b CSTO?\x07", k=1)[0].passage == plain.passage


def test_unknown_document_is_named_in_the_error(retriever: Retriever) -> None:
    with pytest.raises(InputError, match=r"no document '\.\./secret' in the index"):
        retriever.document("../secret")


def test_hits_are_immutable(retriever: Retriever) -> None:
    hit = retriever.search("Kazakhstan", k=1)[0]
    with pytest.raises(AttributeError):
        hit.score = 1.0  # type: ignore[misc]
    assert replace(hit, score=1.0).score == 1.0


def test_fused_score_is_the_weighted_sum_of_z_scores(retriever: Retriever) -> None:
    fused = Retriever(retriever.index, retriever.encoder, Fusion(dense=2.0, lexical=0.5))
    hits = fused.search("Why did rents rise in Almaty?", k=len(retriever.index.passages))
    parts = np.array([(hit.dense, hit.lexical) for hit in hits])
    z = (parts - parts.mean(axis=0)) / parts.std(axis=0)
    assert [hit.score for hit in hits] == pytest.approx(list(2.0 * z[:, 0] + 0.5 * z[:, 1]), abs=1e-4)
