"""Passages of tables in an index: how their rows are read is stored beside them."""

from pathlib import Path

from rag import Index, SentenceTransformerEncoder, build_index
from rag.index.verify import verify

TABLE = "Port\tWagons\tChief\nAktau\t41,300\tAna Ruiz\nKuryk\t12\tBo Lind\n"


def _views(index: Index) -> list[str]:
    return [passage.view.text for passage in index.passages if passage.view]


def test_view_of_a_row_is_stored_and_indexed(encoder: SentenceTransformerEncoder, tmp_path: Path) -> None:
    (tmp_path / "ports.txt").write_text(TABLE)
    build_index(tmp_path / "ports.txt", tmp_path / "index", encoder)
    index = Index.open(tmp_path / "index", encoder)
    assert _views(index) == [
        "Port Aktau: Wagons: 41,300; Chief: Ana Ruiz",
        "Port Kuryk: Wagons: 12; Chief: Bo Lind",
    ]
    assert index.passages[1].text == "Kuryk\t12\tBo Lind"
    # The second row is found by the name of its column, which stands above the first.
    assert index.lexical.scores("chief").tolist()[1] > 0
    vector = encoder.encode(["Port Kuryk: Wagons: 12; Chief: Bo Lind"])[0]
    assert float(index.vectors.vectors([1])[0] @ vector) > 0.99
    assert verify(tmp_path / "index").problems == []


def test_renamed_table_is_not_embedded_again(encoder: SentenceTransformerEncoder, tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    (files / "ports.txt").write_text(TABLE)
    build_index(files, tmp_path / "index", encoder)
    (files / "ports.txt").rename(files / "harbours.txt")
    stages: list[str] = []
    build_index(files, tmp_path / "index", encoder, report=lambda stage, done, total: stages.append(stage))
    index = Index.open(tmp_path / "index", encoder)
    assert len(_views(index)) == 2
    assert "embedding" not in stages


def test_new_row_costs_one_embedding(encoder: SentenceTransformerEncoder, tmp_path: Path) -> None:
    (tmp_path / "ports.txt").write_text(TABLE)
    build_index(tmp_path / "ports.txt", tmp_path / "index", encoder)
    (tmp_path / "ports.txt").write_text(TABLE + "Bautino\t9\tCy Ra\n")
    embedded: list[int] = []

    def report(stage: str, done: int, total: int) -> None:
        if stage == "embedding":
            embedded.append(done)

    build_index(tmp_path / "ports.txt", tmp_path / "index", encoder, report=report)
    assert max(embedded) == 1
