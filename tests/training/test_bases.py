"""Readers on the transformers of other families, each a small one with random weights."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertModel,
    DebertaV2Config,
    DebertaV2Model,
    ModernBertConfig,
    ModernBertModel,
    MPNetConfig,
    MPNetModel,
    PreTrainedConfig,
    PreTrainedModel,
    RobertaConfig,
    RobertaModel,
)

from rag.errors import InputError
from rag.reading.model import SpanModel
from rag.reading.predictor import Pair, SpanPredictor
from rag.reading.weights import WEIGHTS, WORDS, load_weights, save_weights
from rag.training.examples import Example, Examples, Passage, Split
from rag.training.loop import Trainer
from rag.training.network import layer_number
from rag.training.recipe import Recipe

TEXT = "In spring Anna moved to Osh. The river there is wide. She stayed for nine years."
QUESTIONS = {"Where did Anna move?": "Osh", "How long did she stay?": "nine years"}

SMALL = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 32}

#: Padding, first and separating token of each family.
BERT, ROBERTA = ("[PAD]", "[CLS]", "[SEP]"), ("<pad>", "<s>", "</s>")


def _tokenizer(specials: tuple[str, str, str]) -> Tokenizer:
    pad, first, separator = specials
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))  # type: ignore[arg-type]
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=300, special_tokens=[pad, first, separator, "[UNK]"])
    tokenizer.train_from_iterator([TEXT, *QUESTIONS], trainer)
    if specials == ROBERTA:
        tokenizer.post_processor = processors.RobertaProcessing((separator, 2), (first, 1))
    else:
        tokenizer.post_processor = processors.BertProcessing((separator, 2), (first, 1))
    return tokenizer


FAMILIES: list[tuple[type[PreTrainedModel], type[PreTrainedConfig], tuple[str, str, str], dict[str, object]]] = [
    (BertModel, BertConfig, BERT, {}),
    (MPNetModel, MPNetConfig, ROBERTA, {"pad_token_id": 1}),
    (RobertaModel, RobertaConfig, ROBERTA, {"pad_token_id": 1, "type_vocab_size": 1}),
    (DebertaV2Model, DebertaV2Config, BERT, {"relative_attention": True, "pos_att_type": ["c2p", "p2c"]}),
    (ModernBertModel, ModernBertConfig, BERT, {"pad_token_id": 0, "global_attn_every_n_layers": 2}),
]


@pytest.fixture(params=FAMILIES, ids=lambda family: family[0].__name__)
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    kind, config, specials, options = request.param
    tokenizer = _tokenizer(specials)
    folder = tmp_path / "base"
    torch.manual_seed(0)
    model = kind(config(vocab_size=tokenizer.get_vocab_size(), max_position_embeddings=130, **SMALL, **options))
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def _split() -> Split:
    examples = Examples([Passage("Moves", TEXT, "0/0", 0)])
    for question, answer in QUESTIONS.items():
        at = TEXT.index(answer)
        examples.examples.append(Example(question, 0, ((at, at + len(answer)),)))
    examples.examples.append(Example("What about the river?", 0, (), ((29, 53),)))
    examples.examples.append(Example("Who built the bridge?", 0, ()))
    return Split(examples, Examples(), Examples())


def test_reader_is_trained_on_any_encoder_saved_and_loaded(base: Path, tmp_path: Path) -> None:
    out = tmp_path / "reader"
    out.mkdir()
    recipe = Recipe(epochs=30, rate=1e-2, dropout=0.0, window=128, tokens=512, negatives=0.0, frozen=1)
    trainer = Trainer(_split(), recipe, out, base=str(base))
    trainer.run()
    assert trainer.losses[-1] < 0.8 * trainer.losses[0]
    trainer.save(out / WEIGHTS)
    assert {"config.json", "tokenizer.json", WEIGHTS} <= {path.name for path in out.iterdir()}
    pairs = [Pair(question, "Moves", TEXT) for question in QUESTIONS]
    written = SpanPredictor.of(SpanModel.of(load_weights(out / WEIGHTS))).predict(pairs, 1)
    live = SpanPredictor.of(trainer.model()).predict(pairs, 1)
    for [from_file], [from_memory] in zip(written, live, strict=True):
        assert from_file[:2] == from_memory[:2]
        assert from_file.score == pytest.approx(from_memory.score, abs=0.05)  # half precision


def test_quantized_reader_of_any_encoder_reads_alike(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Recipe(epochs=30, rate=1e-2, dropout=0.0, window=128, tokens=512, negatives=0.0)
    trainer = Trainer(_split(), recipe, tmp_path, base=str(base))
    trainer.run()
    plain, small = tmp_path / "plain", tmp_path / "small"
    for folder, quantize in ((plain, False), (small, True)):
        folder.mkdir()
        assert trainer.save(folder / WEIGHTS, quantize).quantized == quantize
    assert [path.name for path in sorted(small.iterdir())] == ["config.json", WEIGHTS, "tokenizer.json", WORDS]
    words = load_file(small / WORDS)
    assert [words[name].dtype for name in sorted(words)] == [torch.int8, torch.float32]
    pairs = [Pair(question, "Moves", TEXT) for question in QUESTIONS]
    expected = SpanPredictor.of(SpanModel.load(plain)).predict(pairs, 1)
    for engine in ("auto", "torch"):
        monkeypatch.setenv("RAG_ENGINE", engine)
        predictor = SpanPredictor.of(SpanModel.load(small))
        for [found], [like] in zip(predictor.predict(pairs, 1), expected, strict=True):
            assert found[:2] == like[:2], engine
            assert found.score == pytest.approx(like.score, abs=0.3), engine
    stored = load_weights(small / WEIGHTS)
    (small / WORDS).rename(tmp_path / WORDS)
    with pytest.raises(InputError, match=r"words\.safetensors: no such weights file"):
        load_weights(small / WEIGHTS)
    again = tmp_path / "again"
    again.mkdir()
    save_weights(
        again / WEIGHTS, stored.body, stored.head, encoder="base", folder=stored.folder, window=128, quantize=True
    )
    assert load_weights(again / WEIGHTS).description.fingerprint == stored.description.fingerprint


def test_frozen_layers_and_word_embeddings_do_not_change(base: Path, tmp_path: Path) -> None:
    trainer = Trainer(_split(), Recipe(epochs=1, negatives=0.0, window=128, frozen=2), tmp_path, base=str(base))
    before = {name: value.clone() for name, value in trainer.body.named_parameters()}
    trainer.run()
    changed = {name for name, value in trainer.body.named_parameters() if not torch.equal(value, before[name])}
    assert {layer_number(name) for name in changed} == {2}
    with pytest.raises(InputError, match="has 3 layers; freeze at most as many"):
        Trainer(_split(), Recipe(window=128, frozen=4), tmp_path, base=str(base))


def test_window_that_the_encoder_cannot_read_is_refused(base: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--window 384: base reads at most 1(28|30) tokens; give fewer"):
        Trainer(_split(), Recipe(window=384), tmp_path, base=str(base))


def test_folder_without_model_or_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no transformer that can be loaded"):
        Trainer(_split(), Recipe(), tmp_path, base=str(tmp_path))
