"""Calls of several threads are computed as one batch, each with its own output."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from rag.embedding.engines.base import Floats, Ints
from rag.embedding.engines.merging import MergingEngine
from tests.waiting import wait_until

PADDING = 7


class Recorder:
    """Doubles the ids of a window and leaves 0 at padding; while ``gate`` is closed, it waits."""

    name = "recorder"

    def __init__(self, by_token: bool = False) -> None:
        self.by_token, self.batches = by_token, list[tuple[int, ...]]()
        self.started, self.gate = threading.Event(), threading.Event()
        self.refused: Callable[[Ints], BaseException | None] = lambda ids: None

    def run(self, ids: Ints, types: Ints, mask: Ints) -> Floats:
        self.batches.append(ids.shape)
        self.started.set()
        assert self.gate.wait(60)
        assert ((ids == PADDING) == (mask == 0)).all() and (types == mask).all()
        if error := self.refused(ids):
            raise error
        doubled = 2.0 * ids * mask
        return (doubled[..., None] if self.by_token else doubled.sum(1, keepdims=True)).astype(np.float32)


def _call(*lengths: int, first: int = 10) -> tuple[Ints, Ints, Ints]:
    """Ids, types and mask of windows of these lengths."""
    ids = np.full((len(lengths), max(lengths)), PADDING)
    for row, length in enumerate(lengths):
        ids[row, :length] = first + row
    mask = (ids != PADDING).astype(np.int64)
    return ids, mask, mask


def _together(engine: MergingEngine, recorder: Recorder, calls: list[tuple[Ints, Ints, Ints]]) -> list[Floats]:
    """The outputs of calls, all but the first of which wait until the first is computed."""
    with ThreadPoolExecutor(len(calls)) as pool:
        results = [pool.submit(engine.run, *calls[0])]
        assert recorder.started.wait(60)
        for number, call in enumerate(calls[1:], start=1):
            results.append(pool.submit(engine.run, *call))
            wait_until(lambda number=number: len(engine._waiting) == number)  # type: ignore[misc]
        recorder.gate.set()
        return [result.result(60) for result in results]


@pytest.mark.parametrize("by_token", [False, True])
def test_waiting_calls_share_a_batch_and_get_their_own_outputs(by_token: bool) -> None:
    recorder = Recorder(by_token)
    calls = [_call(5), _call(4, 9, first=20), _call(12, first=30), _call(3, first=40)]
    found = _together(MergingEngine(recorder, PADDING), recorder, calls)
    assert recorder.batches == [(1, 5), (4, 12)]
    for (ids, _, mask), output in zip(calls, found, strict=True):
        expected = 2.0 * ids * mask
        np.testing.assert_array_equal(output, expected[..., None] if by_token else expected.sum(1, keepdims=True))


def test_calls_that_would_need_much_padding_or_memory_are_computed_apart() -> None:
    recorder = Recorder()
    calls = [_call(5), _call(*[200] * 15), _call(20), _call(190), _call(*[200] * 8), _call(30)]
    _together(MergingEngine(recorder, PADDING), recorder, calls)
    # The first waiting call with one of its length; the short ones together; the eight would make it too large.
    assert recorder.batches == [(1, 5), (16, 200), (2, 30), (8, 200)]


def test_call_that_fails_does_not_harm_those_in_its_batch() -> None:
    recorder = Recorder()
    recorder.refused = lambda ids: MemoryError("too large") if (ids == 20).any() else None
    engine = MergingEngine(recorder, PADDING)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(engine.run, *_call(4))
        assert recorder.started.wait(60)
        bad, good = (pool.submit(engine.run, *_call(4, first=ids)) for ids in (20, 30))
        wait_until(lambda: len(engine._waiting) == 2)
        recorder.gate.set()
        assert (first.result(60)[0, 0], good.result(60)[0, 0]) == (80, 240)
        with pytest.raises(MemoryError, match="too large"):
            bad.result(60)
    assert engine.run(*_call(1))[0, 0] == 20


def test_interrupted_thread_leaves_the_others_to_another_one() -> None:
    recorder = Recorder()
    engine = MergingEngine(recorder, PADDING)
    interrupted = [KeyboardInterrupt()]
    recorder.refused = lambda ids: interrupted.pop() if len(ids) == 2 and interrupted else None
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(engine.run, *_call(4))
        assert recorder.started.wait(60)
        others = [pool.submit(engine.run, *_call(4, first=ids)) for ids in (20, 30)]
        wait_until(lambda: len(engine._waiting) == 2)
        recorder.gate.set()
        assert first.result(60)[0, 0] == 80
        outcomes = [other.exception(60) or int(other.result()[0, 0]) for other in others]
    assert not interrupted
    assert sorted(type(each).__name__ for each in outcomes) == ["KeyboardInterrupt", "int"]
