"""Training on a handful of examples: that it learns, goes on where it stopped, and writes what can be read."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from rag.cli import main
from rag.errors import InputError
from rag.paths import shipped_reader
from rag.reading.model import SpanModel
from rag.reading.network import OUTPUTS, network, word_embeddings
from rag.reading.predictor import Pair, SpanPredictor
from rag.reading.weights import WEIGHTS, load_weights
from rag.reading.windows import WindowMaker
from rag.training.batches import Epochs
from rag.training.checkpoint import CHECKPOINT
from rag.training.examples import Example, Examples, Passage, Split
from rag.training.loop import Trainer
from rag.training.recipe import Recipe

NAMES = ["Anna", "Boris", "Clara", "Daniyar", "Emil", "Farida"]
TOWNS = ["Almaty", "Bishkek", "Khujand", "Samarkand", "Mary", "Osh"]
pytestmark = pytest.mark.slow

RECIPE = Recipe(epochs=2, rate=1e-3, warmup=0.2, dropout=0.0, tokens=256, negatives=0.5, evidence=0.1)


def _examples() -> Examples:
    found = Examples()
    for name in NAMES:
        for town in TOWNS:
            text = f"In spring {name} moved to {town}, where the river is wide."
            found.passages.append(Passage("", text, "0/0", 0))
            at = text.index(town)
            found.examples.append(Example(f"Where did {name} move?", len(found.passages) - 1, ((at, at + len(town)),)))
    return found


def _trainer(folder: Path, recipe: Recipe = RECIPE, report: Callable[[str, int, int], None] | None = None) -> Trainer:
    folder.mkdir(exist_ok=True)
    examples = _examples()
    return Trainer(Split(examples, examples, Examples()), recipe, folder, report=report or (lambda *_: None))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Trainer]:
    folder = tmp_path_factory.mktemp("trained")
    trainer = _trainer(folder)
    trainer.run()
    trainer.save(folder / WEIGHTS)
    return folder, trainer


@pytest.mark.slow
def test_training_learns_to_find_the_answer(trained: tuple[Path, Trainer]) -> None:
    curve = trained[1].curve
    assert [point.epoch for point in curve] == [1, 2]
    readings = [point.reading for point in curve if point.reading]
    assert readings[1].f1.value >= readings[0].f1.value
    assert readings[1].f1.value > 0.9


@pytest.mark.slow
def test_time_limit_ends_training_early(tmp_path: Path) -> None:
    trainer = _trainer(tmp_path, dataclasses.replace(RECIPE, epochs=50, hours=1e-9))
    trainer.run()
    assert [point.epoch for point in trainer.curve] == [1]
    assert trainer.step == len(trainer.losses) == 1


def test_learning_rate_falls_by_the_time_limit_if_that_is_sooner() -> None:
    recipe = Recipe(warmup=0.1, decay=0.5, hours=2)
    assert [recipe.rate_at(step, 100) for step in (0, 9, 50, 75, 100)] == [0.1, 1, 1, 0.5, 0]
    assert [recipe.rate_at(10, 100, hours) for hours in (0, 1, 1.5, 2, 3)] == [1, 1, 0.5, 0, 0]


@pytest.mark.slow
def test_written_weights_equal_the_trained_model(trained: tuple[Path, Trainer]) -> None:
    folder, trainer = trained
    pair = Pair("Where did Anna move?", "", "The sea is cold. In spring Anna moved to Naryn, where the river is wide.")
    written = SpanPredictor.of(SpanModel.of(load_weights(folder / WEIGHTS))).predict([pair], 1)[0][0]
    live = SpanPredictor(trainer.model(), WindowMaker.load(_encoder())).predict([pair], 1)[0][0]
    assert pair.text[written.start : written.end] == pair.text[live.start : live.end]
    assert pair.text[written.start : written.end].startswith("Naryn")
    assert written.score == pytest.approx(live.score, abs=0.05)  # half precision


def test_shipped_reader_is_trained_further(tmp_path: Path) -> None:
    # It has no output for evidence.
    examples = _examples()
    trainer = Trainer(
        Split(examples, Examples(), Examples()), dataclasses.replace(RECIPE, epochs=1), tmp_path, start=shipped_reader()
    )
    before = load_weights(shipped_reader() / WEIGHTS).head.state_dict()["weight"]
    after = trainer.head.state_dict()["weight"]
    assert (len(before), len(after)) == (3, OUTPUTS)
    assert torch.equal(after[:3], before)
    trainer.run()
    trainer.save(tmp_path / WEIGHTS)
    assert len(load_weights(tmp_path / WEIGHTS).head.state_dict()["weight"]) == OUTPUTS


def _encoder() -> str:
    from rag.embedding.encoder import DEFAULT_ENCODER, model_folder

    return model_folder(DEFAULT_ENCODER)


@pytest.mark.slow
def test_interrupted_run_resumes_to_the_same_weights(tmp_path: Path) -> None:
    # Dropout draws from torch's random state, so the runs differ unless the checkpoint restores it.
    recipe = dataclasses.replace(RECIPE, dropout=0.3)
    whole = _trainer(tmp_path / "whole", recipe)
    whole.run()

    def interrupt(stage: str, done: int, total: int) -> None:
        if (stage, done) == ("training", total // 3):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _trainer(tmp_path / "broken", recipe, interrupt).run()
    again = _trainer(tmp_path / "broken", recipe)
    again.run()
    assert again.losses == pytest.approx(whole.losses, abs=1e-4)
    for name, value in whole.body.state_dict().items():
        assert torch.allclose(value, again.body.state_dict()[name], atol=1e-4), name


@pytest.mark.slow
def test_checkpoint_of_another_run_is_rejected(tmp_path: Path) -> None:
    trainer = _trainer(tmp_path / "a", dataclasses.replace(RECIPE, epochs=1))
    trainer.run()
    with pytest.raises(InputError, match=rf"{CHECKPOINT}: checkpoint of other files or settings; use those again"):
        _trainer(tmp_path / "a", RECIPE).run()


@pytest.mark.slow
def test_word_embeddings_are_frozen_and_not_stored(trained: tuple[Path, Trainer]) -> None:
    from safetensors import safe_open

    body = trained[1].body
    words = word_embeddings(body)
    with safe_open(trained[0] / WEIGHTS, framework="pt") as file:
        assert f"body.{words}" not in file.keys()  # noqa: SIM118
    assert torch.equal(body.get_parameter(words), network(_encoder())[0].get_parameter(words))


def test_epochs_are_reproducible_and_rotate_questions() -> None:
    passages = [Passage("Moves", "Anna moved to Osh.", "0/0", 0)]
    examples = Examples(passages, [Example(f"Where did Anna move {n}?", 0, ((14, 17),)) for n in range(10)])

    def plan(seed: int, epoch: int) -> list[str]:
        maker = WindowMaker.load(_encoder(), 384)
        epochs = Epochs(examples, maker, padding=0, tokens=64, most=5, share=0.0, seed=seed)
        return [example.question for batch in epochs.plan(epoch) for example in batch]

    assert plan(1, 0) == plan(1, 0) != plan(2, 0)
    assert sorted(plan(1, 0) + plan(1, 1)) == sorted(example.question for example in examples.examples)


def test_rag_train_writes_reader_and_model_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    articles = []
    for name in NAMES:
        paragraphs = []
        for town in TOWNS:
            text = f"In spring {name} moved to {town}, where the river is wide."
            answer = {"text": town, "answer_start": text.index(town)}
            qas = [{"id": name + town, "question": f"Where did {name} move?", "answers": [answer]}]
            paragraphs.append({"context": text, "qas": qas})
        articles.append({"title": name, "paragraphs": paragraphs})
    path, out = tmp_path / "moves.json", tmp_path / "reader"
    path.write_text(json.dumps({"data": articles}))
    command = [
        "train",
        str(path),
        "--out",
        str(out),
        "--held-back",
        "1",
        "--epochs",
        "1",
        "--licence",
        "moves.json=CC0",
        "--language",
        "de",
        "--teacher",
        str(shipped_reader() / "second"),
    ]
    assert main(command) == 0
    messages = capsys.readouterr().err
    assert "30 training, 0 development and 6 test questions" in messages
    assert sorted(file.name for file in out.iterdir()) == ["README.md", "reader.json", "reader.safetensors"]
    settings = json.loads((out / "reader.json").read_text())
    assert settings["files"][0]["training"] == {"passages": 30, "questions": 30, "unanswerable": 0}
    assert settings["figures"]["moves.json"]["answerable"] == 6
    card = (out / "README.md").read_text()
    assert "| moves.json | CC0 | 30 | 30 | 0 | 6 |" in card
    assert "The language of\nits questions is `de`." in card
    teacher = load_weights(shipped_reader() / "second" / WEIGHTS).description.fingerprint
    assert settings["teacher"] == teacher
    assert f"Its targets are in part the probabilities of the weights {teacher}." in card
    assert load_weights(out / WEIGHTS).description.language == "de"
    further = Trainer(Split(_examples(), Examples(), Examples()), RECIPE, tmp_path, start=out)
    assert further.model().description.language == "de"


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--licence", "other.json=CC0", "other.json is not a training file; name one of those given"),
        ("--licence", "CC0", "--licence 'CC0' has no '='; give FILE=TEXT"),
        ("--sample", "9", "--sample '9' has no '='; give FILE=N"),
        ("--sample", "moves.json=many", "--sample: 'many' is not a number of 0 or more; give one"),
        ("--held-back", "other.json=4", "other.json is not a training file; name one of those given"),
        ("--device", "cuda:99", "device 'cuda:99': not available on this machine"),
        ("--out", "{file}/reader", "/reader: cannot be created (Not a directory); choose another folder"),
    ],
)
def test_invalid_option_of_rag_train_is_one_line(
    option: str, value: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "moves.json"
    path.write_text("{}")
    given = value.format(file=path)
    assert main(["train", str(path), "--out", str(tmp_path / "reader"), option, given]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_language_that_is_not_a_code_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["train", "moves.json", "--out", "reader", "--language", "English"])
    assert "'English' is not an ISO 639 code; give two or three letters, such as en" in capsys.readouterr().err
