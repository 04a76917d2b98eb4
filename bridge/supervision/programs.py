"""What the supervised programs have been through: how often each was started, and how it ended."""

from collections.abc import Mapping
from typing import Final

from triglot.supervision.status import Program

IN_ORDER: Final = "in order"
STOPPED: Final = "stopped"
WORKERS: Final = "workers-"  # what the name of a pool's group of programs begins with


def crashes(programs: Mapping[str, Program]) -> dict[str, int]:
    """Return how often workers of each pool ended without being asked to, other than in order."""
    found: dict[str, int] = {}
    for name, known in programs.items():
        if name.startswith(WORKERS):
            pool = name.partition(":")[0].removeprefix(WORKERS)
            wanted = sum(known["exits"].get(how, 0) for how in (IN_ORDER, STOPPED))
            found[pool] = found.get(pool, 0) + sum(known["exits"].values()) - wanted
    return found


class Programs:
    """All supervised programs by their names, as supervisorctl has them."""

    def __init__(self) -> None:
        self.all: dict[str, Program] = {}

    def running(self, name: str, pid: int) -> None:
        """Note that a program has come as far as running."""
        program = self._of(name)
        program["pid"] = pid
        program["starts"] += 1

    def crashed(self, name: str, how: str, at: float) -> None:
        """Note that a program's process has ended without being asked to, at that second since 1970."""
        self.ended(name, how)
        self._of(name)["crash"] = {"how": how, "at": at}

    def ended(self, name: str, how: str) -> None:
        """Note that a program's process has ended."""
        program = self._of(name)
        program["pid"] = 0
        program["exits"][how] = program["exits"].get(how, 0) + 1

    def removed(self, group: str) -> None:
        """Forget the programs of a group that is there no more."""
        for name in [name for name in self.all if name.partition(":")[0] == group]:
            del self.all[name]

    def _of(self, name: str) -> Program:
        return self.all.setdefault(name, {"pid": 0, "starts": 0, "exits": {}})
