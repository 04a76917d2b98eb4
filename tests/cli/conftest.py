"""Commands run in this process where a process of their own would tell nothing more."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.functional.running import folder
from tests.helpers import KEY
from tests.lending import lend_to_commands
from triglot.cli.main import main
from triglot.training.fit_worker import Bench


def run(*arguments: str) -> int:
    """Return the exit code of a command of this process."""
    with pytest.raises(SystemExit) as ended:
        main(list(arguments), prog_name="triglot")
    return int(ended.value.code or 0)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Hold the working directory of commands that are run in this process, which ends as it was."""
    with folder() as made:
        monkeypatch.chdir(made)
        monkeypatch.setattr(sys, "path", list(sys.path))
        monkeypatch.setenv("TRIGLOT_SIGNING_KEY", KEY.decode())
        for variable in ("TRIGLOT_CONFIG", "PALLADIUM_CONFIG", "TRIGLOT_RUN_DIR"):
            monkeypatch.delenv(variable, raising=False)
        yield made


@pytest.fixture
def lent(here: Path, benches: Callable[[str], Bench], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Hold the working directory of commands that borrow the workers of those before them."""
    lend_to_commands(monkeypatch, benches)
    return here
