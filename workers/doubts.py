"""Who is to be asked for golden rows again although nothing was loaded: a call may change what others answer, too."""

AGAIN_S = 10.0  # what is wrong for longer is found, if somebody asks

Name = tuple[str, int]  # a model and its version


class Doubts:
    """When each version of a process was proved last, and called last; no clock."""

    def __init__(self) -> None:
        self._proved: dict[Name, float] = {}
        self._called: dict[Name, float] = {}

    def called(self, name: Name, now: float) -> None:
        """Note a call."""
        self._called[name] = now

    def proved(self, name: Name, now: float) -> None:
        """Note that a version has given its golden rows."""
        self._proved[name] = now

    def since(self, name: Name) -> list[Name]:
        """Return who else was called since a version was proved."""
        last = self._proved.get(name, 0.0)
        return [other for other, at in self._called.items() if other != name and at >= last]

    def is_due(self, name: Name, now: float) -> bool:
        """Whether a version that is about to answer was proved long ago, and others were called meanwhile."""
        return now - self._proved.get(name, now) >= AGAIN_S and bool(self.since(name))

    def keep(self, names: "set[Name]") -> None:
        """Forget all others."""
        self._proved = {name: at for name, at in self._proved.items() if name in names}
        self._called = {name: at for name, at in self._called.items() if name in names}
