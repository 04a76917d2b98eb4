"""A file that one process holds at a time, also where the one before removes it."""

import fcntl
import os
from pathlib import Path
from typing import Any

import pytest

from triglot.scoring.held import held


def test_one_has_it_until_it_is_closed_and_its_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "of" / "work" / "ledger"
    first = held(path)
    assert first is not None
    assert held(path) is None
    first.close()
    second = held(path)
    assert second is not None
    second.close()


def test_what_the_one_before_removed_as_it_let_go_is_not_held_by_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, flock, times = tmp_path / "ledger", fcntl.flock, []

    def once_removed(file: Any, how: int) -> None:
        times.append(how)
        if len(times) == 1:
            path.unlink()
        flock(file, how)

    monkeypatch.setattr("triglot.scoring.held.fcntl.flock", once_removed)
    found = held(path)

    assert found is not None
    with found:
        assert len(times) == 2
        assert os.path.samestat(os.fstat(found.fileno()), path.stat())
        assert held(path) is None


def test_a_place_that_cannot_be_is_an_error_of_the_system_s(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        held(tmp_path / "file" / "ledger")
