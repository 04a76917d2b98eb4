"""Palladium's commands as functions that take arguments: `fit_cmd(argv=['--evaluate'])`."""

import importlib
from collections.abc import Callable, Sequence

Command = Callable[..., None]


def command(name: str) -> Command:
    """Return the function that runs a `pld-...` in this process; without `argv` it takes this process's arguments.

    It raises `SystemExit` where the command ends with an exit code other than 0, as when it is run by itself.
    """

    def run(argv: Sequence[str] | None = None) -> None:
        # by its name, as the commands stand above what they are made of
        if code := importlib.import_module("triglot.cli.pld").run_by_name(name, argv):
            raise SystemExit(code)

    run.__name__ = run.__qualname__ = f"{name.replace('-', '_')}_cmd"
    run.__doc__ = f"Run `pld-{name}`."
    return run
