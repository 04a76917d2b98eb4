"""What the supervised programs have been through: how often each was started, and how it ended."""

from triglot.supervision.status import Program


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
