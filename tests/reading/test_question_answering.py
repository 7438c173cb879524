"""Question-answering models of Hugging Face as readers: the shipped reader in their format, and small random ones."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import (
    AutoConfig,
    AutoModelForQuestionAnswering,
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    MPNetConfig,
    PreTrainedConfig,
    RobertaConfig,
)

from rag import Assistant, InputError
from rag.cli import main
from rag.paths import shipped_reader
from rag.reading.folder import network_folder, reader_folder, write_reference
from rag.reading.model import SpanModel
from rag.reading.network import END, START
from rag.reading.predictor import Pair, SpanPredictor
from rag.reading.reader import SpanReader
from rag.reading.weights import WEIGHTS, load_weights

TEXT = "In spring Anna moved to Osh. The river there is wide. She stayed for nine years."

#: Padding, first and separating token of each family.
BERT, ROBERTA = ("[PAD]", "[CLS]", "[SEP]"), ("<pad>", "<s>", "</s>")

SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}

FAMILIES: list[tuple[type[PreTrainedConfig], tuple[str, str, str], dict[str, object]]] = [
    (BertConfig, BERT, {}),
    (DistilBertConfig, BERT, {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32}),
    (ElectraConfig, BERT, {"embedding_size": 16}),
    (RobertaConfig, ROBERTA, {"pad_token_id": 1, "type_vocab_size": 1}),
    (MPNetConfig, ROBERTA, {"pad_token_id": 1}),
    (DebertaV2Config, BERT, {"relative_attention": True, "pos_att_type": ["c2p", "p2c"]}),
]


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The transformer and the outputs for start and end of the shipped reader, as a model of transformers."""
    folder = tmp_path_factory.mktemp("models") / "minilm-squad"
    loaded = load_weights(shipped_reader() / WEIGHTS)
    model = AutoModelForQuestionAnswering.from_config(AutoConfig.from_pretrained(loaded.folder))
    state = {f"{model.base_model_prefix}.{name}": tensor for name, tensor in loaded.body.state_dict().items()}
    state |= {f"qa_outputs.{name}": tensor[[START, END]] for name, tensor in loaded.head.state_dict().items()}
    model.load_state_dict(state)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(loaded.folder).save_pretrained(folder)
    return folder


@pytest.fixture(params=FAMILIES, ids=lambda family: family[0].model_type)
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A small model with random weights, made and saved by transformers."""
    config, (pad, first, separator), options = request.param
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))  # type: ignore[arg-type]
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=200, special_tokens=[pad, first, separator, "[UNK]"])
    tokenizer.train_from_iterator([TEXT], trainer)
    processing = processors.RobertaProcessing if pad == "<pad>" else processors.BertProcessing
    tokenizer.post_processor = processing((separator, 2), (first, 1))
    torch.manual_seed(0)
    values = {"vocab_size": tokenizer.get_vocab_size(), "max_position_embeddings": 66, "pad_token_id": 0}
    folder = tmp_path / config.model_type
    AutoModelForQuestionAnswering.from_config(config(**{**values, **SMALL, **options})).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_model_of_any_family_gives_spans_of_any_text(
    small: Path, engine: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RAG_ENGINE", engine)
    monkeypatch.setenv("RAG_CACHE", str(tmp_path / "cache"))
    model = SpanModel.load(small)
    assert model.engine.name.startswith("OpenVINO" if engine == "openvino" else "torch")
    assert model.longest in (64, 66)
    text = TEXT * 5
    spans = SpanPredictor.of(model).predict([Pair("Where did Anna move?", "Moves", text)], count=3)[0]
    assert len(spans) == 3
    assert all(text[span.start : span.end].strip() == text[span.start : span.end] for span in spans)
    assert [span.answerability for span in spans] == [0, 0, 0]


def test_logits_are_those_of_the_model_and_the_null_is_at_its_first_token(converted: Path) -> None:
    question, text = "Where did Anna move?", TEXT
    predictor = SpanPredictor.of(SpanModel.load(converted))
    [best] = predictor.predict([Pair(question, "A title is not read", text)], count=1)[0]
    tokenizer = AutoTokenizer.from_pretrained(converted)
    model = AutoModelForQuestionAnswering.from_pretrained(converted).eval()
    encoded = tokenizer(question, text, return_tensors="pt", return_offsets_mapping=True)
    offsets = encoded.pop("offset_mapping")[0].tolist()
    with torch.no_grad():
        given = model(**encoded)
    start, end = given.start_logits[0], given.end_logits[0]
    passage = [at for at, kind in enumerate(encoded["token_type_ids"][0]) if kind and offsets[at] != [0, 0]]
    first = max(passage, key=lambda at: float(start[at]))
    last = max((at for at in passage if at >= first), key=lambda at: float(end[at]))
    assert (best.start, best.end) == (offsets[first][0], offsets[last][1])
    assert best.score == pytest.approx(float(start[first] + end[last] - start[0] - end[0]), abs=5e-3)
    assert text[best.start : best.end] == "Osh"


def test_assistant_answers_with_it(converted: Path, corpus_index: Path, assistant: Assistant) -> None:
    other = Assistant.load(corpus_index, assistant.retriever.encoder, reader=converted)
    question = "How long is the border between Kazakhstan and Russia?"
    mine, theirs = assistant.ask(question).answer, other.ask(question).answer
    assert mine
    assert theirs
    # Without the title before the passage, it reads on: "7,644 km, which is 4,750 miles".
    assert (theirs.text[:8], theirs.document, theirs.start) == (mine.text, mine.document, mine.start)
    assert theirs.signals
    assert theirs.signals.answerability == 0
    assert other.reader.language is None


def test_command_line_takes_its_folder(converted: Path, corpus_index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    question = "How long is the border between Kazakhstan and Russia?"
    assert main(["ask", question, "--index", str(corpus_index), "--reader", str(converted), "--json"]) == 0
    assert "7,6" in json.loads(capsys.readouterr().out)["answer"]["text"]


def test_older_tokenizer_files_serve_as_well(converted: Path, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    shutil.copytree(converted, folder)
    vocabulary = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab()
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("\n".join(sorted(vocabulary, key=lambda word: vocabulary[word])))
    pair = Pair("Where did Anna move?", "", TEXT)
    old, new = (SpanPredictor.of(SpanModel.load(each)).predict([pair], 1)[0][0] for each in (folder, converted))
    assert old[:2] == new[:2]


class TestBadFolders:
    def test_folder_without_a_model_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="holds no reader; give a folder written by `rag train` or a question-ans"):
            SpanReader.load(tmp_path, lambda terms: [1.0] * len(terms))

    def test_model_without_an_output_for_answers_is_refused(self, tmp_path: Path) -> None:
        config = BertConfig(vocab_size=50, max_position_embeddings=64, **SMALL)  # type: ignore[arg-type]
        BertForMaskedLM(config).save_pretrained(tmp_path)
        with pytest.raises(InputError, match=r"not a question-answering model, as it lacks weights such as qa_outputs"):
            SpanModel.load(tmp_path, "cpu")

    def test_damaged_weights_are_refused(self, converted: Path, tmp_path: Path) -> None:
        folder = tmp_path / "damaged"
        shutil.copytree(converted, folder)
        (folder / "model.safetensors").write_bytes(b"\0" * 100)
        with pytest.raises(InputError, match="holds no question-answering model that can be loaded"):
            SpanModel.load(folder, "cpu")

    def test_model_without_a_tokenizer_is_refused(self, converted: Path, tmp_path: Path) -> None:
        folder = tmp_path / "no-tokenizer"
        shutil.copytree(converted, folder, ignore=shutil.ignore_patterns("tokenizer*"))
        with pytest.raises(InputError, match=r"holds no fast tokenizer \(.*\); use a model with a tokenizer\.json"):
            SpanPredictor.of(SpanModel.load(folder))

    def test_reader_that_is_nowhere_is_one_line(self, corpus_index: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["ask", "When?", "--index", str(corpus_index), "--reader", "nowhere"]) == 2
        error = capsys.readouterr().err
        assert error.startswith("rag: nowhere: no such folder")
        assert error.count("\n") == 1


class TestReference:
    def test_shipped_reader_is_named(self, tmp_path: Path) -> None:
        write_reference(tmp_path, None)
        assert json.loads((tmp_path / "model.json").read_text()) == {"model": None}
        assert network_folder(tmp_path) == reader_folder(None) == shipped_reader()

    def test_path_is_stored_in_full(self, converted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(converted.parent)
        write_reference(tmp_path, converted.name)
        monkeypatch.chdir(tmp_path)
        assert network_folder(tmp_path) == converted

    def test_calibration_of_a_calibration_names_its_model(self, converted: Path, tmp_path: Path) -> None:
        first, second = tmp_path / "first", tmp_path / "second"
        first.mkdir()
        second.mkdir()
        write_reference(first, converted)
        write_reference(second, first)
        assert network_folder(second) == converted

    @pytest.mark.parametrize("content", ["", "[]", "{}", '{"model": 3}'])
    def test_damaged_reference_is_refused(self, content: str, tmp_path: Path) -> None:
        (tmp_path / "model.json").write_text(content)
        with pytest.raises(InputError, match=r"model\.json: names no model"):
            network_folder(tmp_path)

    def test_reference_to_a_folder_that_is_gone_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "model.json").write_text('{"model": "/nowhere"}')
        with pytest.raises(InputError, match="/nowhere: no such folder"):
            network_folder(tmp_path)
