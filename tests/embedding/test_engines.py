"""OpenVINO and torch compute the same, whichever is chosen, and either works without the other."""

import json
import logging
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rag.eval.paths import SHIPPED_QUESTIONS

from rag import Assistant, Index, InputError, Retriever, SentenceTransformerEncoder
from rag.embedding.backends import PROBES
from rag.embedding.encoder import DEFAULT_ENCODER, model_folder
from rag.embedding.engines import openvino_engine, threads
from rag.embedding.engines.choice import chosen_engine
from rag.embedding.engines.openvino_engine import FACTS, MAX_CACHED, NETWORK, WEIGHTS, Conversion, OpenVinoEngine
from rag.embedding.engines.precision import chosen_precision
from rag.embedding.engines.torch_engine import TorchEngine
from rag.paths import shipped_reader
from rag.reading.folder import SECOND
from rag.reading.model import SpanModel
from rag.reading.predictor import Pair, SpanPredictor
from rag.reading.reader import SpanReader
from rag.reading.scoring import Ranking


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda name: monkeypatch.setenv("RAG_ENGINE", name)


@pytest.fixture(scope="module")
def on_torch() -> SentenceTransformerEncoder:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAG_ENGINE", "torch")
        return SentenceTransformerEncoder()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the default embedder's folder."""
    folder = tmp_path_factory.mktemp("models") / "model"
    shutil.copytree(model_folder(DEFAULT_ENCODER), folder)
    return folder


def test_openvino_is_chosen_on_a_processor(
    encoder: SentenceTransformerEncoder, on_torch: SentenceTransformerEncoder
) -> None:
    assert encoder.engine.startswith("OpenVINO, ")
    assert on_torch.engine.startswith("torch, ")


def test_engines_give_the_same_vectors(
    encoder: SentenceTransformerEncoder, on_torch: SentenceTransformerEncoder
) -> None:
    texts = [*PROBES, "", "x y " * 90, " ", "word " * 1_000, "Ω🙂\u200b", "the [SEP] and [MASK] of it"]
    mine, theirs = encoder.encode(texts), on_torch.encode(texts)
    assert (mine * theirs).sum(axis=1).min() > 0.9999
    assert np.linalg.norm(mine, axis=1) == pytest.approx(1, abs=1e-5)
    assert [encoder.count_tokens(text) for text in texts] == [on_torch.count_tokens(text) for text in texts]
    assert (encoder.fingerprint, encoder.window, encoder.dimension) == (
        on_torch.fingerprint, on_torch.window, on_torch.dimension,
    )  # fmt: skip


@pytest.mark.slow
def test_either_engine_searches_the_others_index(
    corpus_index: Path, encoder: SentenceTransformerEncoder, on_torch: SentenceTransformerEncoder
) -> None:
    index = Index.open(corpus_index)
    lines = SHIPPED_QUESTIONS.read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines[:100]]
    mine, theirs = Retriever(index, encoder), Retriever(index, on_torch)
    shared = [
        len({hit.passage for hit in mine.search(text, 10)} & {hit.passage for hit in theirs.search(text, 10)}) / 10
        for text in questions
    ]
    assert np.mean(shared) >= 0.99


def test_engines_find_the_same_spans(engine: Callable[[str], None]) -> None:
    pairs = [
        Pair("Where did Anna Berg go?", "A title", "Anna Berg went to Bishkek in 2019."),
        Pair("Who opened the bridge?", "", "The sea is cold. " * 200 + "The bridge was opened by Anna Berg."),
    ]
    engine("openvino")
    mine = SpanPredictor.of(SpanModel.load(shipped_reader())).predict(pairs)
    engine("torch")
    theirs = SpanPredictor.of(SpanModel.load(shipped_reader())).predict(pairs)
    assert [[span[:2] for span in spans] for spans in mine] == [[span[:2] for span in spans] for spans in theirs]
    assert [span.score for spans in mine for span in spans] == pytest.approx(
        [span.score for spans in theirs for span in spans], abs=0.02
    )


def test_reader_that_gives_other_logits_is_refused_or_runs_on_torch(
    engine: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RAG_CACHE", str(tmp_path))
    run = OpenVinoEngine.run
    monkeypatch.setattr(OpenVinoEngine, "run", lambda self, *inputs: run(self, *inputs) * 1.1)
    engine("openvino")
    with pytest.raises(InputError, match=r"engine openvino: cannot run .* \(its output differs from that of torch by"):
        SpanModel.load(shipped_reader(), "cpu")
    engine("auto")
    assert SpanModel.load(shipped_reader(), "cpu").engine.name == "torch, cpu"


def test_precision_is_that_of_the_processor_unless_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for named, capabilities, expected in (
        ("", ["FP32"], "float32"), ("", ["FP32", "BF16"], "bfloat16"), ("auto", ["BF16"], "bfloat16"),
        ("float32", ["BF16"], "float32"), ("BFloat16", ["BF16"], "bfloat16"),
    ):  # fmt: skip
        monkeypatch.setenv("RAG_PRECISION", named)
        assert chosen_precision(capabilities) == expected
    with pytest.raises(InputError, match="precision bfloat16: this processor does not compute in it; use float32"):
        chosen_precision(["FP32"])
    monkeypatch.setenv("RAG_PRECISION", "int4")
    with pytest.raises(InputError, match="RAG_PRECISION=int4: no such precision; choose from auto, float32, bfloat16"):
        chosen_precision(["FP32"])


def test_precision_option_reaches_the_engine(corpus_index: Path) -> None:
    code = "import sys; from rag.cli import main; main(sys.argv[1:]); import os; print(os.environ['RAG_PRECISION'])"
    asked = ("ask", "How long?", "--index", str(corpus_index), "--precision", "auto")
    assert _rag(code, *asked, RAG_PRECISION="float32").stdout.splitlines()[-1] == "auto"


def test_bfloat16_finds_the_same_passages_and_answers(
    corpus_index: Path, assistant: Assistant, on_torch: SentenceTransformerEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_PRECISION", "bfloat16")
    try:
        encoder = SentenceTransformerEncoder()
    except InputError as error:
        pytest.skip(str(error))
    model = SpanModel.load(shipped_reader())
    assert encoder.engine == model.engine.name == "OpenVINO, bfloat16"
    lines = SHIPPED_QUESTIONS.read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines[:60]]
    mine, theirs = encoder.encode(questions), on_torch.encode(questions)
    assert (mine * theirs).sum(axis=1).min() > 0.999
    rarity, order = assistant.index.lexical.rarity, Ranking.load(shipped_reader())
    second = SpanPredictor.of(SpanModel.load(shipped_reader() / SECOND))
    reader = SpanReader(SpanPredictor.of(model), rarity, order, second)
    other = Assistant(Retriever(assistant.index, encoder), reader)

    def answer(to: Assistant, question: str) -> list[str]:
        return [each.text for each in to.ask(question).answers[:1]]

    same = [answer(other, question) == answer(assistant, question) for question in questions]
    assert np.mean(same) >= 0.9


def test_windows_are_padded_to_tiles_in_bfloat16_but_not_beyond_the_longest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Network(torch.nn.Module):
        def forward(self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return (ids + types + mask).float()

    monkeypatch.setenv("RAG_CACHE", str(tmp_path))
    ids = np.full((2, 37), 5, dtype=np.int64)
    network = openvino_engine.converted([], lambda: Conversion(Network(), {}, (ids, ids, ids), ids * np.float32(3)), "")

    def outputs(precision: str, longest: int) -> list[float]:
        engine = OpenVinoEngine(replace(network, facts={"longest": longest}), precision)
        return engine.run(ids, ids, ids)[0].tolist()

    assert outputs("bfloat16", 512) == [15.0] * 37 + [0.0] * 11
    assert outputs("bfloat16", 40) == [15.0] * 37 + [0.0] * 3
    assert outputs("bfloat16", 0) == outputs("float32", 512) == [15.0] * 37


@pytest.mark.parametrize(("in_bfloat16", "size"), [(False, 4 * 64 * 64), (True, 2 * 64 * 64)])
def test_weights_are_stored_in_16_bits_where_the_engine_computes_in_bfloat16(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_bfloat16: bool, size: int
) -> None:
    monkeypatch.setenv("RAG_CACHE", str(tmp_path))
    monkeypatch.setattr(openvino_engine, "computes_in_bfloat16", lambda: in_bfloat16)
    torch.manual_seed(0)
    words = torch.nn.Embedding(64, 64)

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words = words

        def forward(self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return self.words(ids).sum(-1) + types + mask

    ids = np.arange(64, dtype=np.int64)[None]
    expected = TorchEngine(Network()).run(ids, ids, ids)
    network = openvino_engine.converted([], lambda: Conversion(Network(), {}, (ids, ids, ids), expected), "test")
    assert size <= network.model.with_name(WEIGHTS).stat().st_size < 1.1 * size
    assert OpenVinoEngine(network, "float32").run(ids, ids, ids) == pytest.approx(expected, abs=0.02)


def test_engine_that_does_not_exist_or_fit_is_refused(engine: Callable[[str], None]) -> None:
    engine("onnx")
    with pytest.raises(InputError, match="RAG_ENGINE=onnx: no such engine; choose from auto, openvino, torch"):
        chosen_engine()
    engine("openvino")
    with pytest.raises(InputError, match="computes on the processor, not on cuda; use the engine torch"):
        chosen_engine("cuda")
    engine("auto")
    assert (chosen_engine("cpu"), chosen_engine("cuda:1")) == ("openvino", "torch")


def _rag(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True, text=True, check=False, env=os.environ | environment,
    )  # fmt: skip


@pytest.mark.slow
def test_without_openvino_torch_answers_and_the_reason_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("The ferry to Baku leaves at nine.")
    index = f"'--index', {str(tmp_path / 'index')!r}"
    code = "import sys; sys.modules['openvino'] = None; from rag.cli import main"
    asked = f"main(['ask', 'When does the ferry to Baku leave?', {index}])"
    done = _rag(f"{code}; main(['index', {str(tmp_path)!r}, {index}]); {asked}")
    assert "engine: torch, cpu; OpenVINO is not installed or does not start" in done.stderr
    assert "nine" in done.stdout
    refused = _rag(f"{code}; sys.exit(main(['ask', 'When?', {index}, '--engine', 'openvino']))")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "rag: engine openvino: OpenVINO is not installed" in refused.stderr


def test_question_is_answered_without_importing_torch(corpus_index: Path, assistant: Assistant) -> None:
    code = (
        "import sys; from rag.cli import main; main(sys.argv[1:])\n"
        "print(sorted({'torch', 'transformers', 'sentence_transformers', 'sklearn', 'openvino'} & set(sys.modules)))\n"
        "print(sys.modules['openvino_telemetry'])"
    )
    done = _rag(code, "ask", "How long is the border between Kazakhstan and Russia?", "--index", str(corpus_index))
    assert done.stdout.startswith("7,644 km")
    assert done.stdout.splitlines()[-2:] == ["['openvino']", "None"]


def test_importing_rag_imports_none_of_its_modules() -> None:
    code = "import rag, sys; print([name for name in sys.modules if name == 'numpy' or name.startswith('rag.')])"
    assert _rag(code).stdout == "[]\n"


def test_importing_the_assistant_imports_neither_large_libraries_nor_what_builds_an_index() -> None:
    unused = {
        "bm25s", "charset_normalizer", "faiss", "gradio", "importlib.metadata", "openvino", "pathspec", "scipy",
        "sentence_transformers", "sklearn", "torch", "transformers", "yaml",
        "rag.formats.parsing", "rag.index.build", "rag.index.milvus", "rag.sources.discovery",
    }  # fmt: skip
    assert _rag(f"from rag import Assistant; import sys; print(sorted({unused!r} & set(sys.modules)))").stdout == "[]\n"


def test_asking_from_the_shell_imports_nothing_of_other_commands() -> None:
    code = "import sys; from rag.cli import main\ntry: main(['ask', '--help'])\nexcept SystemExit: pass\n"
    code += "print(sorted(name for name in sys.modules if name.startswith('rag.cli.')))"
    assert _rag(code).stdout.splitlines()[-1] == str(
        ["rag.cli.ask", "rag.cli.common", "rag.cli.completion", "rag.cli.show"]
    )


def test_telemetry_cannot_be_imported_once_openvino_is_used() -> None:
    code = (
        "from rag.embedding.engines.openvino_engine import openvino_problem as p; print(p()); import openvino_telemetry"
    )
    done = _rag(code)
    assert (done.stdout, "ModuleNotFoundError" in done.stderr) == ("None\n", True)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, which only Linux has")
def test_choosing_openvino_loads_the_plugin_of_no_other_device() -> None:
    code = (
        "from rag.embedding.engines.openvino_engine import openvino_problem\n"
        "print(openvino_problem()); print(open('/proc/self/maps').read())"
    )
    loaded = _rag(code).stdout
    assert loaded.startswith("None\n")
    assert set(re.findall(r"openvino_(\w+)_plugin", loaded)) == {"intel_cpu"}


def test_threads_option_reaches_the_engines(corpus_index: Path) -> None:
    code = (
        "import sys; from rag.cli import main; main(sys.argv[1:])\n"
        "from rag.embedding.engines.threads import thread_count; print(thread_count())"
    )
    asked = ("ask", "How long?", "--index", str(corpus_index), "--threads")
    assert _rag(code, *asked, "3").stdout.splitlines()[-1] == "3"
    assert "rag: --threads 0: give a number of at least 1" in _rag(code, *asked, "0").stderr


def test_threads_are_those_of_the_cores_that_may_be_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    monkeypatch.setattr(threads, "QUOTA", tmp_path / "cpu.max")
    assert threads.thread_count() == 8
    for quota, expected in (("max 100000", 8), ("300000 100000", 3), ("20000 100000", 1), ("", 8)):
        (tmp_path / "cpu.max").write_text(quota)
        assert threads.thread_count() == expected
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert threads.thread_count() == 2
    monkeypatch.setenv("RAG_THREADS", "5")
    assert threads.thread_count() == 5
    monkeypatch.setenv("RAG_THREADS", "many")
    with pytest.raises(InputError, match="RAG_THREADS=many: give a number of at least 1"):
        threads.thread_count()


def test_torch_uses_no_more_threads_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    monkeypatch.setenv("RAG_THREADS", "1")
    try:
        torch.set_num_threads(2)
        TorchEngine(torch.nn.Identity())
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_model_that_adds_a_prompt_runs_on_torch(model: Path, caplog: pytest.LogCaptureFixture) -> None:
    (model / "config_sentence_transformers.json").write_text(
        '{"prompts": {"query": "Represent this sentence for retrieval: "}, "default_prompt_name": "query"}'
    )
    with caplog.at_level(logging.WARNING):
        assert SentenceTransformerEncoder(str(model)).engine == "torch, cpu"
    assert f"{model}: OpenVINO cannot run it (its output differs from that of torch by" in caplog.text


class TestCache:
    @pytest.fixture
    def cache(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("RAG_CACHE", str(tmp_path / "cache"))
        return tmp_path / "cache" / "engines"

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        file = tmp_path / "model.safetensors"
        file.write_bytes(b"weights")
        return file

    def _run(self, file: Path, factor: float = 2.0, expected: float = 1.0) -> tuple[list[list[float]], bool]:
        """The outputs of a network that multiplies the ids, and whether it had to be converted."""
        was_built = []

        class Network(torch.nn.Module):
            def forward(self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
                return ids * torch.tensor(factor) + types - mask

        ids = np.array([[1, 2, 3]], dtype=np.int64)
        inputs = ids, ids * 0, ids * 0 + 1

        def prepare() -> Conversion:
            was_built.append(True)
            outputs = TorchEngine(Network()).run(*inputs) * np.float32(expected)
            return Conversion(Network(), {"factor": factor}, inputs, outputs)

        try:
            network = openvino_engine.converted([file], prepare, "test")
        finally:
            self.was_built = bool(was_built)
        assert network.facts == {"factor": factor}
        return OpenVinoEngine(network).run(*inputs).tolist(), self.was_built

    @pytest.mark.parametrize("expected", [1.1, np.nan])
    def test_network_with_another_output_than_torch_is_refused_without_another_try(
        self, cache: Path, file: Path, expected: float
    ) -> None:
        for was_built in (True, False):
            with pytest.raises(RuntimeError, match="its output differs from that of torch by"):
                self._run(file, expected=expected)
            assert self.was_built == was_built

    def test_network_that_cannot_be_converted_is_refused_without_another_try(self, cache: Path, file: Path) -> None:
        class Network(torch.nn.Module):
            def forward(self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
                return torch.special.bessel_j0(ids.float())

        prepared = []

        def prepare() -> Conversion:
            prepared.append(True)
            ids = np.ones((1, 3), dtype=np.int64)
            return Conversion(Network(), {}, (ids, ids, ids), np.ones((1, 3), dtype=np.float32))

        for _ in range(2):
            with pytest.raises(RuntimeError):
                openvino_engine.converted([file], prepare, "test")
        assert len(prepared) == 1

    def test_network_is_converted_once(self, cache: Path, file: Path) -> None:
        assert self._run(file) == ([[1.0, 3.0, 5.0]], True)
        assert self._run(file) == ([[1.0, 3.0, 5.0]], False)
        file.write_bytes(b"others")
        assert self._run(file, 3.0) == ([[2.0, 5.0, 8.0]], True)
        assert len(list(cache.iterdir())) == 2

    @pytest.mark.parametrize("damaged", [FACTS, NETWORK, WEIGHTS])
    @pytest.mark.parametrize("content", [None, b"", b"{}"])
    def test_damaged_entry_is_made_again(self, cache: Path, file: Path, damaged: str, content: bytes | None) -> None:
        self._run(file)
        [entry] = cache.iterdir()
        (entry / damaged).unlink() if content is None else (entry / damaged).write_bytes(content)
        assert self._run(file) == ([[1.0, 3.0, 5.0]], True)
        assert self._run(file) == ([[1.0, 3.0, 5.0]], False)
        assert list(cache.iterdir()) == [entry]

    def test_those_not_used_for_longest_are_deleted(self, cache: Path, file: Path) -> None:
        for number in range(MAX_CACHED + 3):
            (cache / f"old-{number}").mkdir(parents=True)
            os.utime(cache / f"old-{number}", (number, number))
        self._run(file)
        left = {each.name for each in cache.iterdir()}
        assert len(left) == MAX_CACHED
        assert {f"old-{number}" for number in range(4, MAX_CACHED + 3)} < left

    def test_networks_run_where_nothing_can_be_stored(
        self, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("RAG_CACHE", str(tmp_path / "file"))
        assert self._run(file) == ([[1.0, 3.0, 5.0]], True)
