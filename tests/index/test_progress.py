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
        forecast.add("a.md", 2, 2)
        forecast.add("b.pdf", 5, 5)
        assert forecast.passages() == 6 + 10

    def test_a_file_of_an_unread_format_gives_as_many_passages_as_the_mean_file(self) -> None:
        forecast = Forecast({"a.md": 1_000, "b.txt": 1_000, "scan.pdf": 10_000_000, "other.pdf": 5})
        forecast.add("a.md", 3, 3)
        forecast.add("b.txt", 1, 1)
        assert forecast.passages() == 4

    def test_a_file_counts_once_and_copied_files_do_not(self) -> None:
        forecast = Forecast({"a.md": 100, "b.md": 200})
        forecast.add("a.md", 1, 1)
        forecast.add("a.md", 0, 0)
        forecast.add("copied.md", 9, 9)
        assert forecast.passages() == 2

    def test_few_passages_of_changed_files_are_embedded(self) -> None:
        forecast = Forecast({"a.md": 100, "b.md": 100, "new.md": 100, "newer.md": 100}, {"a.md", "b.md"})
        forecast.add("a.md", 40, 1)
        # A continued run has the vectors of what it read before.
        forecast.add("new.md", 30, 0)
        assert forecast.passages() == 1 + 30


class TestPace:
    def test_nothing_is_known_before_a_passage_was_embedded(self) -> None:
        now = [100.0]
        pace = Pace(lambda: now[0])
        for stage, done in (("checking", 10), ("reading", 3), ("embedding", 0)):
            pace.report(stage, done, 10)
            now[0] += 5
        assert (pace.speed, pace.seconds_left) == (None, None)

    def test_reading_and_embedding_each_have_their_speed(self) -> None:
        now = [0.0]
        pace = Pace(lambda: now[0])
        pace.report("checking", 20, 20)
        now[0] += 60
        pace.report("reading", 10, 20)
        now[0] += 2
        pace.report("embedding", 100, 400)
        assert (pace.speed, pace.seconds_left) == (50, 6 + 60)
        now[0] += 30
        pace.report("reading", 15, 20)
        assert (pace.speed, pace.seconds_left) == (50, 6 + 30)

    def test_pauses_are_excluded(self) -> None:
        now = [0.0]
        pace = Pace(lambda: now[0])
        pace.report("reading", 1, 1)
        now[0] += 30
        pace.add_pause(20)
        pace.report("embedding", 100, 200)
        assert (pace.speed, pace.seconds_left) == (10, 10)

    def test_what_the_first_report_counts_took_an_unknown_time(self) -> None:
        now = [0.0]
        pace = Pace(lambda: now[0])
        pace.report("embedding", 128, 1_000)
        now[0] += 2
        pace.report("embedding", 256, 1_000)
        assert pace.speed == 64


def test_build_forecasts_the_passages_of_unread_files(
    tmp_path: Path, encoder: SentenceTransformerEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.index.staging.BLOCK", 25)
    draw = random.Random(0)
    for number in range(25):
        words = " ".join(draw.choices(["harbour", "ferry", "wagon", "crane", "quay"], k=draw.randint(200, 900)))
        (tmp_path / f"{number:02}.md").write_text(words)
    totals: list[tuple[int, int]] = []
    build_index(
        tmp_path, tmp_path / "index", encoder,
        report=lambda stage, done, total: totals.append((done, total)) if stage == "embedding" else None,
    )  # fmt: skip
    done, total = totals[-1]
    assert done == total > 60
    assert totals[0][0] <= 35
    assert totals[0][1] == pytest.approx(total, rel=0.15)


def test_files_that_vanish_or_are_copied_leave_no_passages_to_come(
    tmp_path: Path, encoder: SentenceTransformerEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.index.staging.BLOCK", 2)
    files = [tmp_path / f"{name}.md" for name in "abcd"]
    for file in files:
        file.write_text(f"The ferry {file.stem} leaves at nine.")
    build_index(tmp_path, tmp_path / "index", encoder)
    (words,) = (tmp_path / "index").glob("version-*/words*")
    next(file for file in words.rglob("*") if file.is_file()).write_bytes(b"damaged")
    (tmp_path / "e.md").write_text("The train leaves at ten.")
    gone = tmp_path / "f.md"
    gone.write_text("The bus leaves at eleven.")
    reports: list[tuple[str, int, int]] = []

    def report(stage: str, done: int, total: int) -> None:
        reports.append((stage, done, total))
        if stage == "checking" and done == total:
            gone.unlink()

    changes = build_index(tmp_path, tmp_path / "index", encoder, report=report)
    assert changes.added == ["e.md"]
    assert [each.document_id for each in changes.skipped] == ["f.md"]
    assert [each for each in reports if each[0] == "embedding"][-1] == ("embedding", 1, 1)
