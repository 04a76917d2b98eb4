"""What the zoos of R and of Julia share: answers of a plain run at home, and models fitted through a worker."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from triglot.artefact import Artefact
from triglot.tables.table import Table
from triglot.training.fit_worker import Bench

Data = dict[str, tuple[Table, Any]]


@dataclass(frozen=True)
class Caught:
    """A fitted model with the data that it was fitted on."""

    artefact: Artefact
    X: Table


def printed(output: str) -> dict[str, dict[str, list[str]]]:
    """Return what a plain run printed: model -> classes, shares or numbers -> answers."""
    found: dict[str, dict[str, list[str]]] = {}
    for line in output.splitlines():
        name, what, *answers = line.rstrip("\t").split("\t")
        found.setdefault(name, {})[what] = answers
    return found


def tables(worker: Bench, names: Iterable[str], dataset: Callable[[str], Any]) -> Data:
    """Return X and y of each data set, as a function of the author's gives them."""
    replies = {name: worker.dataset(*dataset(name).author()) for name in set(names)}
    return {name: (reply.tables[0], reply.tables[1].columns[0]) for name, reply in replies.items()}
