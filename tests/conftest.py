"""The real parts, made once: the embedder, the index of the shipped corpus, an assistant over it, a browser."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

if "PYTEST_XDIST_WORKER" in os.environ:
    # The workers share the cores. Read when NumPy and torch are loaded.
    os.environ["OMP_NUM_THREADS"] = "1"

# The same figures on every processor.
os.environ["RAG_PRECISION"] = "float32"
# No test asks the Hugging Face hub.
os.environ["HF_HUB_OFFLINE"] = "1"
# No test reports to Haystack.
os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "false"

import pytest
from filelock import FileLock
from hypothesis import settings
from playwright.sync_api import Browser, expect, sync_playwright

from rag import Assistant, SentenceTransformerEncoder, build_index
from tests.pages import release_pages
from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "corpus"

# How long an example takes says more about the machine than about the code.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="session", autouse=True)
def converted_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of converted models that the workers share, so that the tests do not fill the developer's own."""
    folder = _shared(tmp_path_factory) / "converted-models"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAG_CACHE", str(folder))
        yield folder


def _shared(factory: pytest.TempPathFactory) -> Path:
    """A temporary folder of all workers."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def encoder(converted_models: Path) -> SentenceTransformerEncoder:
    # One worker converts it.
    with FileLock(f"{converted_models}.lock"):
        return SentenceTransformerEncoder()


@pytest.fixture(scope="session")
def corpus_index(tmp_path_factory: pytest.TempPathFactory, encoder: SentenceTransformerEncoder) -> Path:
    """An index folder of the shipped corpus, shared by all workers; nobody writes to it."""
    folder = _shared(tmp_path_factory) / "corpus-index"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            build_index(CORPUS, folder, encoder)
    return folder


@pytest.fixture(scope="session")
def assistant(corpus_index: Path, encoder: SentenceTransformerEncoder) -> Assistant:
    return Assistant.load(corpus_index, encoder)


@pytest.fixture(scope="session")
def one_browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("no Chromium; `apt-get install chromium`, or name one in the variable CHROMIUM")
    quiet = [
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        "no-first-run",
        "disable-quic",
    ]
    expect.set_options(timeout=PATIENCE * 1_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", *(f"--{name}" for name in quiet)]
        )
        yield browser
        browser.close()


@pytest.fixture
def browser(one_browser: Browser) -> Iterator[Browser]:
    """A browser without other pages than blank ones."""
    yield one_browser
    release_pages(one_browser)
