"""An index with another embedder than the shipped one: a small model with random weights."""

import shutil
from pathlib import Path

import pytest
import torch
from rag.ui.services.open_assistants import OpenAssistants
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import AutoTokenizer, BertConfig, BertModel

from rag import Assistant, InputError, Retriever, SentenceTransformerEncoder, build_index
from rag.cli import main
from rag.embedding.encoder import DEFAULT_ENCODER, model_folder
from rag.errors import EmbedderMissing
from rag.index import Manifest, current_version, embedder_of, repair
from rag.questions.feedback import FeedbackFile
from tests.index.conftest import CountingEncoder

TEXT = "The ferry to Baku leaves at nine.\n\nThe night train to Osh takes eleven hours.\n"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model with vectors of length 16."""
    tokenizer = AutoTokenizer.from_pretrained(model_folder(DEFAULT_ENCODER))
    transformer, folder = tmp_path / "transformer", tmp_path / "models" / "small"
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )  # fmt: skip
    BertModel(config).save_pretrained(transformer)
    tokenizer.save_pretrained(transformer)
    SentenceTransformer(modules=[Transformer(str(transformer)), Pooling(16)]).save(str(folder))
    return folder


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "travel.txt").write_text(TEXT)
    return folder


@pytest.fixture
def index(docs: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Made with a relative path of the model."""
    folder = tmp_path / "index"
    monkeypatch.chdir(model.parent)
    assert main(["index", str(docs), "--index", str(folder), "--embedder", "small"]) == 0
    monkeypatch.chdir(tmp_path)
    return folder


def manifest(index: Path) -> Manifest:
    return Manifest.read(current_version(index))


def test_embedder_is_remembered_by_its_full_path(index: Path, model: Path) -> None:
    assert (manifest(index).embedder, manifest(index).dimension) == (str(model), 16)
    encoder = embedder_of(index)
    assert encoder.name == str(model)
    assert encoder.encode(["Osh"]).shape == (1, 16)


def test_every_command_uses_the_remembered_embedder(
    index: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Retriever.load(index).search("When does the ferry leave?")[0].passage.text.startswith("The ferry")
    answer = Assistant.load(index).ask("When does the ferry leave?", min_confidence=0).answer
    assert answer
    assert answer.text.removeprefix("at ") == "nine"
    assert main(["search", "train to Osh", "--index", str(index)]) == 0
    assert main(["ask", "How long does the train take?", "--min-confidence", "0", "--index", str(index)]) == 0
    assert "eleven hours" in capsys.readouterr().out
    opened = OpenAssistants(None, None, None).get(index, FeedbackFile(index / "feedback.jsonl"))
    assert opened.retriever.encoder.name == str(model)


def test_update_keeps_the_embedder(index: Path, docs: Path, model: Path) -> None:
    (docs / "more.txt").write_text("The bridge over the Panj was opened in 2007.\n")
    assert build_index(docs, index).added == ["more.txt"]
    assert (manifest(index).embedder, manifest(index).passages) == (str(model), 2)


def test_repair_uses_the_embedder(index: Path, model: Path) -> None:
    (current_version(index) / "vectors.f32").write_bytes(b"")
    assert repair(index).startswith("rebuilt from the texts")
    assert manifest(index).embedder == str(model)


def test_another_embedder_replaces_all_vectors(index: Path, docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", "--index", str(index), "--embedder", DEFAULT_ENCODER]) == 0
    assert (manifest(index).embedder, manifest(index).dimension) == (DEFAULT_ENCODER, 384)
    assert "embedder: " not in capsys.readouterr().err


def test_embedder_that_moved_is_named_again_without_embedding(
    index: Path, docs: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = Path(shutil.move(model, model.parent / "moved"))
    with pytest.raises(EmbedderMissing, match=f"an embedder that is not on this machine: {model}: no such folder"):
        Assistant.load(index)
    assert main(["ask", "When?", "--index", str(index)]) == 2
    assert f"run `rag index --index {index} --embedder NAME|PATH`" in capsys.readouterr().err
    encoder = CountingEncoder(SentenceTransformerEncoder(str(moved)), str(moved))
    build_index(docs, index, encoder)
    assert encoder.embedded == []
    assert manifest(index).embedder == str(moved)
    assert Retriever.load(index).search("When does the ferry leave?")


def test_open_indexes_share_an_embedder_where_it_is_the_same(index: Path, docs: Path, tmp_path: Path) -> None:
    build_index(docs, tmp_path / "one")
    build_index(docs, tmp_path / "two")
    opened = OpenAssistants(None, None, None)
    encoders = [
        opened.get(folder, FeedbackFile(tmp_path / "feedback.jsonl")).retriever.encoder
        for folder in (tmp_path / "one", index, tmp_path / "two")
    ]
    assert encoders[0] is encoders[2]
    assert [encoder.dimension for encoder in encoders] == [384, 16, 384]


def test_embedder_that_cannot_be_found_leaves_the_index_alone(
    index: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["index", "--index", str(index), "--embedder", "no/such-model"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("rag: no/such-model: no such folder")
    assert error.count("\n") == 1
    assert manifest(index).embedder == str(model)


def test_index_of_a_copy_of_the_shipped_embedder_opens_without_the_copy(docs: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(model_folder(DEFAULT_ENCODER), tmp_path / "copy"))
    build_index(docs, tmp_path / "index", SentenceTransformerEncoder(str(copy)))
    shutil.rmtree(copy)
    assert Retriever.load(tmp_path / "index").encoder.name == DEFAULT_ENCODER


def test_earlier_version_names_the_embedder_if_the_manifest_is_damaged(index: Path, docs: Path, model: Path) -> None:
    (docs / "more.txt").write_text("The bridge over the Panj was opened in 2007.\n")
    build_index(docs, index)
    (current_version(index) / "manifest.json").write_text("{")
    assert embedder_of(index).name == str(model)


def test_damaged_model_is_one_line(model: Path) -> None:
    next(model.glob("**/*.safetensors")).write_bytes(b"\0" * 100)
    with pytest.raises(InputError, match="cannot be loaded") as raised:
        SentenceTransformerEncoder(str(model))
    assert "\n" not in str(raised.value)


def test_model_in_half_precision_computes_in_float32(model: Path) -> None:
    SentenceTransformer(str(model)).half().save(str(model))
    encoder = SentenceTransformerEncoder(str(model))
    assert encoder.engine == "OpenVINO, float32"
    assert encoder.encode(["Osh"]).dtype == "float32"


def test_folder_that_holds_no_model_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="give a folder that holds a sentence-transformers model") as raised:
        SentenceTransformerEncoder(str(tmp_path))
    assert "\n" not in str(raised.value)
