"""Forecasts of passages and of the time left."""

import random
from pathlib import Path

import pytest

from rag import SentenceTransformerEncoder, build_index
from rag.index.progress import Forecast, Pace


class TestForecast:
    def test_knows_nothing_before_a_file_was_read(self) -> None:
        assert Forecast({"a.md": 500}).passages() == 0

    def test_unread_files_give_as_many_passages_a_byte_as_read_ones_of_their_format(self) -> None:
        forecast = Forecast({"a.md": 1_000, "b.pdf": 50_000, "c.md": 3_000, "d.pdf": 100_000})
        forecast.add("a.md", 2)
        forecast.add("b.pdf", 5)
        assert forecast.passages() == 6 + 10

    def test_an_unknown_format_is_like_all_others(self) -> None:
        forecast = Forecast({"a.md": 1_000, "b.txt": 1_000, "c.html": 4_000})
        forecast.add("a.md", 3)
        forecast.add("b.txt", 1)
        assert forecast.passages() == 8

    def test_a_file_counts_once_and_copied_files_do_not(self) -> None:
        forecast = Forecast({"a.md": 100, "b.md": 200})
        forecast.add("a.md", 1)
        forecast.add("a.md", 0)
        forecast.add("copied.md", 9)
        assert forecast.passages() == 2


class TestPace:
    def test_speed_and_time_left(self) -> None:
        now = [100.0]
        pace = Pace(lambda: now[0])
        pace.report("checking", 1, 10)
        now[0] += 5
        pace.report("checking", 10, 10)
        assert (pace.speed, pace.seconds_left) == (None, None)
        now[0] += 2
        pace.report("reading", 3, 10)
        now[0] += 8
        pace.report("embedding", 50, 200)
        assert (pace.speed, pace.seconds_left) == (5, 30)
        pace.add_pause(20)
        now[0] += 30
        pace.report("embedding", 100, 240)
        assert (pace.speed, pace.seconds_left) == (5, 28)


def test_build_foresees_the_passages_of_files_not_read_yet(
    tmp_path: Path, encoder: SentenceTransformerEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.index.staging.BLOCK", 40)
    draw = random.Random(0)
    for number in range(40):
        words = " ".join(draw.choices(["harbour", "ferry", "wagon", "crane", "quay"], k=draw.randint(200, 1_500)))
        (tmp_path / f"{number:02}.md").write_text(words)
    totals: list[tuple[int, int]] = []
    build_index(
        tmp_path, tmp_path / "index", encoder,
        report=lambda stage, done, total: totals.append((done, total)) if stage == "embedding" else None,
    )  # fmt: skip
    done, total = totals[-1]
    assert done == total > 100
    assert totals[0][0] <= 60
    assert totals[0][1] == pytest.approx(total, rel=0.1)
