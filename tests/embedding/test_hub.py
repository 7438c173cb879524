"""Models by name, from a cache of the hub that the test makes; the network is off."""

import json
import shutil
from pathlib import Path

import huggingface_hub.constants
import pytest

from rag import InputError
from rag.embedding.hub import local_folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(folder))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return folder


def put(cache: Path, name: str, model: Path) -> Path:
    """Store a model's folder in the cache, as a download does; returns the folder there."""
    stored = cache / f"models--{name.replace('/', '--')}"
    revision = "0123456789abcdef0123456789abcdef01234567"
    (stored / "refs").mkdir(parents=True)
    (stored / "refs" / "main").write_text(revision)
    files = [path.name for path in model.iterdir()]
    # The hub's list of all files of the model, some of which are not fetched.
    tree = {name: {"size": 1, "blob_id": "0"} for name in [*files, "README.md", "onnx/model.onnx"]}
    (stored / "trees").mkdir()
    (stored / "trees" / f"{revision}.json").write_text(json.dumps({"format_version": 1, "files": tree}))
    return Path(shutil.copytree(model, stored / "snapshots" / revision))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"")
    return folder


def test_folder_comes_before_a_model_of_the_hub(cache: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(cache, "some/model", model)
    monkeypatch.chdir(model.parent)
    (model.parent / "some").mkdir()
    shutil.copytree(model, "some/model")
    assert local_folder("some/model") == Path("some/model")


def test_cached_model_is_found_by_its_name(cache: Path, model: Path) -> None:
    stored = put(cache, "deepset/roberta-base-squad2", model)
    assert local_folder("deepset/roberta-base-squad2") == stored


@pytest.mark.parametrize("name", ["deepset/roberta-base-squad2", "nowhere", "../x", "a/b/c", ""])
def test_model_that_is_nowhere_is_one_line_with_a_remedy(cache: Path, name: str) -> None:
    with pytest.raises(InputError, match="check the name, or give the path of a folder") as raised:
        local_folder(name)
    assert str(raised.value).startswith(f"{name}: no such folder")
    assert "\n" not in str(raised.value)


def test_model_that_another_program_fetched_in_part_is_not_taken(cache: Path, model: Path) -> None:
    stored = put(cache, "some/model", model)
    shutil.rmtree(stored.parent.parent / "trees")
    with pytest.raises(InputError, match="not whole in the cache"):
        local_folder("some/model", download=False)
    put_whole = put(cache, "other/model", model)
    assert local_folder("other/model", download=False) == put_whole


@pytest.mark.parametrize(("weights", "missing"), [("model.safetensors", "config.json"), ("pytorch_model.bin",) * 2])
def test_interrupted_download_is_not_taken(cache: Path, model: Path, weights: str, missing: str) -> None:
    (model / "model.safetensors").rename(model / weights)
    (model / "training_args.bin").touch()
    stored = put(cache, "some/model", model)
    assert local_folder("some/model", download=False) == stored
    (stored / missing).unlink()
    with pytest.raises(InputError, match="not whole in the cache"):
        local_folder("some/model", download=False)


def test_folder_that_may_not_be_opened_is_not_a_folder(cache: Path) -> None:
    for name in ("~nosuchuser/model", "a\0b"):
        with pytest.raises(InputError, match="no such folder"):
            local_folder(name)


def test_cached_model_without_weights_is_not_taken(cache: Path, model: Path) -> None:
    (model / "model.safetensors").unlink()
    put(cache, "some/model", model)
    with pytest.raises(InputError, match="some/model: "):
        local_folder("some/model")
