"""The weights file, and what reading texts with it gives."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from rag.embedding.encoder import DEFAULT_ENCODER, model_folder
from rag.embedding.engines.batching import batches
from rag.errors import InputError
from rag.paths import shipped_reader
from rag.reading.folder import SECOND
from rag.reading.model import SpanModel
from rag.reading.network import network
from rag.reading.predictor import Pair, SpanPredictor
from rag.reading.reader import SpanReader
from rag.reading.weights import WEIGHTS, load_weights, save_weights

SHIPPED = shipped_reader() / WEIGHTS


@pytest.fixture(scope="module")
def finder() -> SpanPredictor:
    return SpanPredictor.of(SpanModel.of(load_weights(SHIPPED)))


def _tensors() -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    with safe_open(SHIPPED, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118


def test_the_shipped_weights_are_one_small_file_without_the_embedders_words() -> None:
    assert SHIPPED.stat().st_size <= 25_000_000
    assert not [name for name in _tensors()[0] if "word_embeddings" in name]


def test_the_large_model_is_stored_in_files_that_hosts_accept() -> None:
    sizes = [path.stat().st_size for path in (shipped_reader() / SECOND).glob("*.safetensors")]
    assert max(sizes) <= 95_000_000
    assert sum(sizes) + SHIPPED.stat().st_size <= 150_000_000
    description = load_weights(shipped_reader() / SECOND / WEIGHTS).description
    assert (description.quantized, description.language, description.title) == (True, "en", True)


def test_weights_that_are_not_there_or_not_whole_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such weights file"):
        load_weights(tmp_path / "none.safetensors")
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(SHIPPED.read_bytes()[:1_000_000])
    with pytest.raises(InputError, match=r"broken\.safetensors: not a complete safetensors file .*; fetch it again"):
        load_weights(broken)
    broken.write_bytes(b"")
    with pytest.raises(InputError, match="not a complete safetensors file"):
        load_weights(broken)


def test_a_changed_weight_is_noticed(tmp_path: Path) -> None:
    content = bytearray(SHIPPED.read_bytes())
    content[-100] ^= 1
    changed = tmp_path / "changed.safetensors"
    changed.write_bytes(content)
    with pytest.raises(InputError, match="the weights do not match their fingerprint"):
        load_weights(changed)


def test_weights_of_something_else_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(3)}, other)
    with pytest.raises(InputError, match="not a span model; give a file written by `rag train`"):
        load_weights(other)


def test_weights_made_for_another_encoder_are_refused(tmp_path: Path) -> None:
    tensors, metadata = _tensors()
    values = json.loads(metadata["span model"])
    path = tmp_path / "another.safetensors"
    save_file(tensors, path, {"span model": json.dumps({**values, "words": "0123456789abcdef"})})
    with pytest.raises(InputError, match="made for another encoder than the all-MiniLM-L6-v2 that is installed"):
        load_weights(path)


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    body, _ = network(model_folder(DEFAULT_ENCODER))
    path = tmp_path / "wide.safetensors"
    save_weights(
        path, body, torch.nn.Linear(192, 4), encoder=DEFAULT_ENCODER, folder=model_folder(DEFAULT_ENCODER), window=384
    )
    with pytest.raises(InputError, match="its weights do not fit all-MiniLM-L6-v2; train it again"):
        load_weights(path)


def test_language_is_stored_beside_the_weights(tmp_path: Path) -> None:
    shipped, path = load_weights(SHIPPED), tmp_path / WEIGHTS
    assert shipped.description.language == "en"
    save_weights(
        path,
        shipped.body,
        shipped.head,
        encoder=DEFAULT_ENCODER,
        folder=model_folder(DEFAULT_ENCODER),
        window=384,
        language="de",
    )
    again = load_weights(path).description
    assert again == replace(shipped.description, language="de")
    assert SpanReader.load(tmp_path, lambda terms: [1.0] * len(terms)).language == "de"


def test_weights_without_a_language_are_english() -> None:
    assert "language" not in json.loads(_tensors()[1]["span model"])
    assert SpanReader.load(shipped_reader(), lambda terms: [1.0] * len(terms)).language == "en"


def test_batches_hold_as_many_as_fit_and_one_at_least() -> None:
    assert batches([10, 10, 20, 50, 90], 60) == [range(0, 3), range(3, 4), range(4, 5)]
    assert batches([10, 10], 60) == [range(0, 2)]
    assert batches([], 60) == []


def test_texts_give_the_same_spans_alone_and_beside_others(finder: SpanPredictor) -> None:
    question = "Where did Anna Berg go?"
    texts = ["Anna Berg went to Bishkek in 2019.", "The sea is cold. " * 40, "Anna Berg stayed at home in Osh " * 9]
    together = finder.predict([Pair(question, "A title", text) for text in texts])
    for text, found in zip(texts, together, strict=True):
        [alone] = finder.predict([Pair(question, "A title", text)])
        assert [span[:2] for span in found] == [span[:2] for span in alone]
        assert [span.score for span in found] == pytest.approx([span.score for span in alone], abs=1e-3)


@pytest.mark.parametrize("text", ["", " \n", "x", "🙂", "🙂🙂 🙂", "word", "\u200b"])
def test_the_smallest_texts_give_spans_inside_them_or_none(finder: SpanPredictor, text: str) -> None:
    for span in finder.predict([Pair("What is it?", "", text)])[0]:
        assert 0 <= span.start < span.end <= len(text)


def test_the_answer_is_found_at_the_end_of_a_very_long_text(finder: SpanPredictor) -> None:
    filler = "The committee discussed the weather and went home without any decision. "
    text = filler * 300 + "The bridge at Naryn was opened by Anna Berg in 1975. " + filler * 20
    pair = Pair("Who opened the bridge at Naryn?", "Naryn", text)
    assert len(finder.windows([pair])[0]) > 10
    best = finder.predict([pair], 1)[0][0]
    assert text[best.start : best.end] == "Anna Berg"


def test_no_two_spans_of_a_text_overlap(finder: SpanPredictor) -> None:
    text = "Anna Berg, Boris Klein and Clara Mond opened the bridge at Naryn in 1975. " * 12
    spans = sorted(finder.predict([Pair("Who opened the bridge?", "", text)], 8)[0])
    assert len(spans) == 8
    assert all(before.end <= after.start for before, after in pairwise(spans))


def test_a_question_that_leaves_no_room_is_refused(finder: SpanPredictor) -> None:
    with pytest.raises(InputError, match=r"tokens long; the reader takes \d+ at most, so shorten it"):
        finder.predict([Pair("word " * 600, "", "text")])


def test_spans_that_were_found_weigh_what_they_were_found_with(finder: SpanPredictor) -> None:
    text = " ".join(f"In {year} the bridge was painted, and sheep grazed there." for year in range(1900, 1970))
    pair = Pair("When was the bridge painted?", "", text)
    assert len(finder.windows([pair])[0]) > 1
    found = finder.predict([pair], 80)[0]  # many of them stand where two windows overlap
    [text] = finder.read([pair])
    weighed = [text.score(each.start, each.end) for each in found]
    assert weighed == pytest.approx([each.score for each in found], abs=1e-3)
