"""supervisord as it is extended: small programs of the tests' own in place of workers."""

import contextlib
import http.server
import os
import signal
import subprocess
import sys
import threading
import time
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from supervisor.xmlrpc import Faults, SupervisorTransport

from tests.functional.running import descendants, folder
from tests.helpers import PATIENCE_S, until
from triglot import health
from triglot.supervision.status import note_address, note_troubles, troubles
from triglot.transport.discovery import run_directory

CONF = """\
[unix_http_server]
file={run}/supervisor.sock
[supervisord]
logfile=/dev/null
logfile_maxbytes=0
pidfile={run}/supervisord.pid
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[rpcinterface:triglot]
supervisor.rpcinterface_factory=triglot.supervision.extension:make_extension
run_dir={run}
crashes=3
within_s=4
longest_s=1
[program:steady]
; a pipe that closes when its program ends would wake supervisord by itself
command=sh -c "exec sleep 1000 >&- 2>&-"
process_name=steady-%(process_num)d
numprocs={steady}
startsecs=0
autorestart=true
[program:doomed]
command=false
startretries=0
[program:looping]
command=sh -c "test -e {run}/cured || {{ sleep 0.05; exit 75; }}; exec sleep 1000"
startsecs=0
autorestart=true
"""


# supervisord looks round once a second; this one only when something happens
UNRESTING = """
import runpy
from supervisor.poller import Poller
look = Poller.poll
Poller.poll = lambda self, timeout: look(self, 3600)
runpy.run_module("triglot.supervision.extension", run_name="__main__", alter_sys=True)
"""


class Kept:
    """A supervisord that `triglot.supervision.extension` runs."""

    def __init__(self, run: Path, *program: str) -> None:
        self.run = run
        self.write(steady=2)
        self.process = subprocess.Popen(
            [sys.executable, *(program or ("-m", "triglot.supervision.extension")), str(self.conf)],
            stderr=subprocess.PIPE,
        )
        transport = SupervisorTransport(None, None, f"unix://{run}/supervisor.sock")
        self.rpc: Any = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)

    @property
    def conf(self) -> Path:
        return self.run / "supervisord.conf"

    def write(self, steady: int) -> None:
        """Have so many programs that just run in the configuration."""
        self.conf.write_text(CONF.format(run=self.run, steady=steady), "utf-8")

    def pids(self) -> dict[str, int]:
        """Return the process ids of the steady programs by name."""
        found = self.rpc.supervisor.getAllProcessInfo()
        return {info["name"]: info["pid"] for info in found if info["group"] == "steady"}

    def sleeping(self) -> set[int]:
        """Return the process ids of the steady programs, without asking supervisord, which would wake it."""
        found = set()
        for pid in descendants(self.process.pid):
            with contextlib.suppress(OSError):
                if Path(f"/proc/{pid}/cmdline").read_bytes() == b"sleep\x001000\0":
                    found.add(pid)
        return found

    def info(self, name: str) -> dict[str, Any]:
        """Return what supervisord says of one process."""
        found: dict[str, Any] = self.rpc.supervisor.getProcessInfo(name)
        return found


@pytest.fixture(scope="module")
def kept() -> Iterator[Kept]:
    with folder() as place:
        made = Kept(run_directory(place / "run"))
        try:
            until(lambda: (made.run / "supervisor.sock").exists())
            until(lambda: set(troubles(made.run)) == {"doomed", "looping"})
            yield made
        finally:
            made.process.terminate()
            made.process.communicate(timeout=PATIENCE_S)
            made.rpc("close")()


@contextlib.contextmanager
def front_end(status: int, body: bytes) -> Iterator[int]:
    """Hold something that answers like a front end; gives its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_what_cannot_be_started_is_told_with_its_reason(kept: Kept) -> None:
    assert kept.info("doomed")["statename"] == "FATAL"
    assert troubles(kept.run)["doomed"] == "has been given up: it ended at every start; its log says why"


def test_a_program_that_crashes_again_and_again_waits_before_its_next_start(kept: Kept) -> None:
    until(lambda: kept.info("looping")["statename"] == "BACKOFF")

    said = troubles(kept.run)["looping"]
    assert said.startswith("crashes again and again: ")
    assert said.endswith(" times in 4 s, last with exit code 75 (a call that did not stop after its deadline)")
    # at most once a second now, where it crashed twenty times a second
    started = {kept.info("looping")["start"]}
    deadline = time.monotonic() + 1.5
    while time.monotonic() < deadline:
        started.add(kept.info("looping")["start"])
        time.sleep(0.02)
    assert len(started) <= 3


def test_what_dies_is_started_again_without_waiting_for_supervisord_to_look_round() -> None:
    with folder() as place:
        kept = Kept(run_directory(place / "run"), "-c", UNRESTING)
        try:
            until(lambda: len(kept.sleeping()) == 2)
            until(lambda: set(troubles(kept.run)) == {"doomed", "looping"})  # whose ends would wake it, too
            for _ in range(2):
                killed = kept.sleeping().pop()
                os.kill(killed, signal.SIGKILL)
                until(lambda killed=killed: len(kept.sleeping() - {killed}) == 2)  # type: ignore[misc]
        finally:
            kept.process.terminate()
            kept.process.communicate(timeout=PATIENCE_S)
            kept.rpc("close")()


def test_a_group_gets_more_processes_and_fewer_and_those_that_stay_are_not_touched(kept: Kept) -> None:
    before = kept.pids()
    kept.write(steady=4)
    assert kept.rpc.triglot.resize("steady") is True
    until(lambda: all(kept.pids().values()))
    more = kept.pids()
    kept.write(steady=1)
    assert kept.rpc.triglot.resize("steady") is True
    fewer = kept.pids()

    assert sorted(more) == ["steady-0", "steady-1", "steady-2", "steady-3"]
    assert more.items() >= before.items()
    assert fewer == {"steady-0": before["steady-0"]}
    # supervisord's own way to follow its configuration finds nothing left to do
    assert kept.rpc.supervisor.reloadConfig() == [[[], [], []]]


def test_a_group_or_a_configuration_that_is_not_there_is_refused(kept: Kept) -> None:
    with pytest.raises(xmlrpc.client.Fault) as unknown:
        kept.rpc.triglot.resize("workers-cobol")
    assert unknown.value.faultCode == Faults.BAD_NAME

    kept.conf.write_text("[program:steady]\n", "utf-8")
    with pytest.raises(xmlrpc.client.Fault) as broken:
        kept.rpc.triglot.resize("steady")
    kept.write(steady=1)
    assert broken.value.faultCode == Faults.CANT_REREAD
    assert kept.pids().keys() == {"steady-0"}


def test_a_loop_that_has_ended_and_a_program_that_is_stopped_are_no_trouble_any_more(kept: Kept) -> None:
    (kept.run / "cured").touch()
    kept.rpc.supervisor.removeProcessGroup("doomed")

    until(lambda: troubles(kept.run) == {})  # it is looked after every five seconds


def test_a_reload_of_supervisord_changes_nothing_of_that(kept: Kept) -> None:
    kept.rpc.supervisor.restart()
    until(lambda: "doomed" in troubles(kept.run))
    kept.rpc("close")()  # its socket is another one now
    until(lambda: all(kept.pids().values()))

    before = kept.pids()["steady-0"]
    os.kill(before, signal.SIGKILL)
    until(lambda: kept.pids()["steady-0"] not in (0, before))


def test_the_exit_code_tells_that_something_was_wrong(kept: Kept) -> None:
    assert set(troubles(kept.run)) == {"doomed"}
    kept.process.terminate()
    _, said = kept.process.communicate(timeout=PATIENCE_S)

    assert kept.process.returncode == 1
    assert said.decode() == "unhealthy: doomed has been given up: it ended at every start; its log says why\n"


def test_the_health_check_says_what_is_wrong(tmp_path: Path) -> None:
    assert health.main(tmp_path) == f"no service has been started in {str(tmp_path)!r}"
    with front_end(503, b'{"memory_usage": 1, "model": "N/A"}') as port:
        note_address(tmp_path, "0.0.0.0", port)
        assert health.main(tmp_path) == "/alive answers 503: required and missing: model"
    assert str(health.main(tmp_path)).startswith("the front end does not answer: ")
    with front_end(200, b"{}") as port:
        note_address(tmp_path, "127.0.0.1", port)
        assert health.main(tmp_path) is None
        note_troubles(tmp_path, {"web": "has been given up: it ended at every start"})
        assert health.main(tmp_path) == "unhealthy: web has been given up: it ended at every start"
        note_troubles(tmp_path, {})
        assert health.main(tmp_path) is None
