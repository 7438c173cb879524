"""Compare settings on the same questions: the default first, then one factor changed at a time.

Passage and question vectors are computed once and reused where the chunking is unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rag import Assistant, ChunkSettings, Document, Fusion, Index, Retriever
from rag.embedding.encoder import CachingEncoder, Encoder
from rag.questions.schema import Question

from .bootstrap import Figure
from .measures import BY_KEY, figure
from .suite import judge, run

#: Measures shown per setting.
COMPARED = ("recall@1", "recall@10", "ndcg@10", "f1", "handled")


@dataclass(frozen=True, slots=True)
class Setting:
    """Chunking, fusion weights and number of passages read."""

    name: str
    chunking: ChunkSettings = field(default_factory=ChunkSettings)
    fusion: Fusion = field(default_factory=Fusion)
    read: int = 10


SETTINGS = (
    Setting("default: hybrid 1:1, 200 tokens, overlap 40, 10 read"),
    Setting("dense only", fusion=Fusion(dense=1, lexical=0)),
    Setting("lexical only", fusion=Fusion(dense=0, lexical=1)),
    Setting("dense 2 : lexical 1", fusion=Fusion(dense=2, lexical=1)),
    Setting("dense 1 : lexical 2", fusion=Fusion(dense=1, lexical=2)),
    Setting("50 tokens, overlap 10", ChunkSettings(50, 10)),
    Setting("100 tokens", ChunkSettings(100, 40)),
    Setting("240 tokens", ChunkSettings(240, 40)),
    Setting("no overlap", ChunkSettings(overlap_tokens=0)),
    Setting("overlap 80", ChunkSettings(overlap_tokens=80)),
    Setting("1 read", read=1),
    Setting("3 read", read=3),
    Setting("5 read", read=5),
    Setting("20 read", read=20),
)


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of one setting, in the order of ``COMPARED``."""

    name: str
    passages: int
    figures: tuple[Figure, ...]


def sweep(
    documents: Sequence[Document],
    questions: Sequence[Question],
    encoder: Encoder,
    settings: Sequence[Setting] = SETTINGS,
    *,
    reader: Path | str | None = None,
    device: str | None = None,
    report: Callable[[str, int, int], None] | None = None,
    seed: int = 0,
) -> Iterator[Row]:
    """Yield a row per setting.

    Args:
        documents: The documents that the questions are about.
        questions: Questions to ask with each setting.
        encoder: The embedder.
        settings: Settings to compare.
        reader: See ``Assistant.with_reader``.
        device: Torch device of the reader; a graphics card if None and there is one.
        report: Called with stage, settings done and settings in total.
        seed: Random seed of the intervals.
    """
    remembering = CachingEncoder(encoder, max_texts=1_000_000)
    indexes: dict[ChunkSettings, Index] = {}
    for done, setting in enumerate(settings, start=1):
        if setting.chunking not in indexes:
            indexes[setting.chunking] = Index.build(documents, remembering, setting.chunking)
        index = indexes[setting.chunking]
        retriever = Retriever(index, remembering, setting.fusion)
        assistant = Assistant.with_reader(retriever, reader, device, passages=setting.read)
        outcomes = [judge(trial) for trial in run(assistant, questions)]
        yield Row(setting.name, len(index.passages), tuple(figure(BY_KEY[key], outcomes, seed) for key in COMPARED))
        if report:
            report("comparing", done, len(settings))
