"""The models of a reader are loaded side by side, once."""

from pathlib import Path

import numpy as np
import pytest

from rag import Assistant, IndexFolderError, InputError, SpanReader
from rag.embedding.engines.openvino_engine import CACHE_VARIABLE
from rag.paths import shipped_reader
from rag.reading.loading import _predictor, load_beside, load_predictors
from rag.reading.predictor import Pair


def test_models_are_loaded_once_and_kept() -> None:
    first, second = load_predictors(shipped_reader())
    assert second is not None and first is not second
    assert load_predictors(shipped_reader()) == (first, second)
    reader = SpanReader.load(shipped_reader(), lambda term: 1.0)
    assert (reader._predictor, reader._second) == (first, second)


def test_what_is_loaded_beside_them_is_returned_or_its_error_raised(tmp_path: Path) -> None:
    assert load_beside(shipped_reader(), None, lambda: "index") == "index"
    with pytest.raises(ZeroDivisionError):
        load_beside(shipped_reader(), None, lambda: 1 // 0)
    # Models that cannot be loaded are said to be so by whoever needs them.
    assert load_beside(tmp_path, None, lambda: "index") == "index"


def test_of_a_missing_index_and_a_damaged_reader_the_index_is_named(tmp_path: Path) -> None:
    with pytest.raises(IndexFolderError, match="no-index"):
        Assistant.load(tmp_path / "no-index", reader=tmp_path)


def test_damaged_reader_is_named(corpus_index: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=tmp_path.name):
        Assistant.load(corpus_index, reader=tmp_path)


@pytest.mark.slow
def test_networks_that_no_cache_holds_are_converted_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = Pair("Where is the port?", "", "The port is in Aktau.")
    kept = [predictor.read([pair])[0] for predictor in load_predictors(shipped_reader()) if predictor]
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    _predictor.cache_clear()
    try:
        again = [predictor.read([pair])[0] for predictor in load_predictors(shipped_reader()) if predictor]
    finally:
        _predictor.cache_clear()
    assert len(list((tmp_path / "engines").iterdir())) == 2
    for one, other in zip(kept, again, strict=True):
        [(_, logits)], [(_, same)] = one.windows, other.windows
        assert np.allclose(logits.start, same.start, atol=1e-3)
