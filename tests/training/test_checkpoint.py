"""Checkpoints: what is written is restored, and loading one runs no code."""

import pickle
from pathlib import Path

import pytest
import torch

from rag.errors import InputError
from rag.training import checkpoint


def _step(module: torch.nn.Module, optimizer: torch.optim.Optimizer) -> float:
    loss = module(torch.rand(3, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss.detach())


def _fresh() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(1)
    module = torch.nn.Linear(4, 2)
    return module, torch.optim.AdamW(module.parameters(), lr=0.1)


def test_restored_run_goes_on_as_the_saved_one(tmp_path: Path) -> None:
    module, optimizer = _fresh()
    _step(module, optimizer)
    checkpoint.save(tmp_path / "c", {"body": module}, optimizer, {"step": 1, "losses": [0.5]})
    expected = [_step(module, optimizer) for _ in range(3)]
    module, optimizer = _fresh()
    checkpoint.load(tmp_path / "c", {"body": module}, optimizer)
    assert [_step(module, optimizer) for _ in range(3)] == expected
    assert checkpoint.read_state(tmp_path / "c") == {"step": 1, "losses": [0.5]}


class _Attack:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("attacked",)


def test_pickle_in_its_place_is_refused_and_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c"
    for content in (pickle.dumps(_Attack()), b"", b"\x08\0\0\0\0\0\0\0{}      "):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"not a whole checkpoint .*; delete it to start over"):
            checkpoint.read_state(path)
    torch.save({"step": _Attack()}, path)
    with pytest.raises(InputError, match="not a whole checkpoint"):
        checkpoint.read_state(path)
    assert "attacked" not in capsys.readouterr().out
