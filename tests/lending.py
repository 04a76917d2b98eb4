"""Workers that commands of the tests' own process borrow, in place of a fresh one for each that ends with it.

That a command starts its own, and that it ends, is tested with commands that are processes; that a version is proved by
a process that did not fit it, by `training/test_proof.py`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from triglot import foreign
from triglot.cli import compare, stream
from triglot.training import evaluation, proof, train
from triglot.training.fit_worker import Bench

BORROWERS = (train, evaluation, foreign, compare, stream)


def lend_to_commands(monkeypatch: pytest.MonkeyPatch, of: Callable[[str], Bench]) -> None:
    """Have the commands of this process borrow the workers that `of` gives, for as long as the patch holds."""

    @contextmanager
    def borrowed(language: str, _: Mapping[str, str], __: Path | None = None, **___: object) -> Iterator[Bench]:
        yield of(language)

    @contextmanager
    def starting(language: str, *_: object, **__: object) -> Iterator[Callable[[], Bench]]:
        yield lambda: of(language)

    for module in BORROWERS:
        monkeypatch.setattr(module, "bench", borrowed)
    monkeypatch.setattr(proof, "starting_bench", starting)
