"""Installed commands as processes of their own that import little: each is forked from one that has the libraries.

What a test learns from arguments, environment, working directory, streams and exit code holds. That a command imports
what it needs is told by those that start from nothing: the README's, those of `cli/test_main.py` and the wheel's.
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_LIBRARIES = ("pandas", "pyarrow.parquet", "sklearn.ensemble", "sklearn.linear_model", "sklearn.model_selection")
_COMMANDS = ("triglot.cli.pld", "triglot.cli.deploy", "triglot.cli.jobs", "triglot.cli.models", "triglot.cli.predict")
_SCRIPTS = Path(sys.executable).parent
_STREAMS = (("said", os.O_RDONLY), ("stdout", os.O_WRONLY), ("stderr", os.O_WRONLY))
_stem: "list[subprocess.Popen[bytes]]" = []


def warm(
    command: str, *arguments: str, cwd: Path, environ: Mapping[str, str], timeout_s: float, said: str = ""
) -> "subprocess.CompletedProcess[str]":
    """Return a finished process of an installed command, `triglot` or a `pld-...`.

    Raises:
        TimeoutExpired: it took too long, and was killed.
    """
    with tempfile.TemporaryDirectory() as folder:
        streams = {name: Path(folder, name) for name, _ in _STREAMS}
        for name, path in streams.items():
            path.write_text(said if name == "said" else "", "utf-8")
        order = {"argv": [str(_SCRIPTS / command), *arguments], "cwd": str(cwd), "environ": dict(environ)}
        code = _forked({**order, "streams": {name: str(path) for name, path in streams.items()}}, timeout_s)
        out, err = (streams[name].read_text("utf-8") for name in ("stdout", "stderr"))
        return subprocess.CompletedProcess(order["argv"], code, out, err)


def stop() -> None:
    """End the process that all others are forked from."""
    while _stem:
        with _stem.pop() as stem:
            stem.communicate()


def _forked(order: Mapping[str, Any], timeout_s: float) -> int:
    """Return the exit code of the process that does what is ordered."""
    if not _stem:
        command = [sys.executable, __file__]
        _stem.append(subprocess.Popen(command, cwd=_SCRIPTS, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
    told, answers = _stem[0].stdin, _stem[0].stdout
    assert told is not None
    assert answers is not None
    told.write(json.dumps(order).encode() + b"\n")
    told.flush()
    pid = int(answers.readline())
    over = bool(select.select([answers], [], [], timeout_s)[0])
    if not over:
        os.kill(pid, signal.SIGKILL)
    code = int(answers.readline())
    if not over:
        raise subprocess.TimeoutExpired(order["argv"], timeout_s)
    return code


def _order() -> dict[str, Any]:
    """Return, in a process of its own, what that one has to do; ends this one when no more is ordered."""
    for module in (*_LIBRARIES, *_COMMANDS):
        importlib.import_module(module)
    gc.freeze()  # a child that ends would copy every page that it looks through
    for line in sys.stdin.buffer:
        pid = os.fork()
        if pid == 0:
            order: dict[str, Any] = json.loads(line)
            return order
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
    sys.exit()


def _do(order: Mapping[str, Any]) -> None:
    """Become the process of an installed script, as Python begins one."""
    for number, (name, mode) in enumerate(_STREAMS):
        file = os.open(order["streams"][name], mode | os.O_APPEND)
        os.dup2(file, number)
        os.close(file)
    sys.stdin = os.fdopen(0, encoding="utf-8")
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["environ"])
    sys.argv[:] = order["argv"]
    sys.path[0] = str(_SCRIPTS)
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    _do(_order())
