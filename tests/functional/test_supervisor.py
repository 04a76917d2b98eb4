"""supervisord holds the service, and supervisorctl is the operator's handle on it."""

import os
import signal
import time
from pathlib import Path

from tests.functional.conftest import installed
from tests.functional.running import Load, Running, descendants
from tests.helpers import require, until
from triglot import health
from triglot.supervision.status import note_troubles

FINE = {"mood": 0, "seconds": 0}
BRIEF = {"mood": 0, "seconds": 0.05}
CALM = {"mood": 0, "seconds": 0.5}
SLOW = {"mood": 0, "seconds": 1.5}
PYTHON, R, JULIA = (f"/models/moody-{language}/predict" for language in ("python", "r", "julia"))


def started_at(pid: int) -> float:
    """Return when a process was started, in seconds of the clock on the wall."""
    # the name in brackets may hold blanks; the 22nd field is the start, the 20th after it
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + int(ticks) / os.sysconf("SC_CLK_TCK")


def test_status_shows_every_process_running(service: Running) -> None:
    done = service.ctl("status")

    assert done.returncode == 0
    states = dict(line.split()[:2] for line in done.stdout.splitlines())
    wanted = {"web", "workers-python:python-0"}
    wanted |= {"workers-r:r-0", "workers-r:r-1"} if "r" in installed() else set()
    wanted |= {"workers-julia:julia-0"} if "julia" in installed() else set()
    assert states == dict.fromkeys(wanted, "RUNNING")


def test_a_killed_worker_is_replaced_each_time(service: Running) -> None:
    for _ in range(2):
        until(lambda: service.get("/ready").status == 200)
        old = service.pid("workers-python:python-0")
        os.kill(old, signal.SIGKILL)
        until(lambda old=old: service.pid("workers-python:python-0") not in (0, old))  # type: ignore[misc]
    assert service.post(PYTHON, [FINE]).result == [1.0]


def test_a_killed_front_end_leaves_no_process_that_listens_and_is_replaced(service: Running) -> None:
    old = service.pid("web")
    front_ends = [pid for pid in descendants(old) if b"triglot.server" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert front_ends
    os.kill(old, signal.SIGKILL)
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in front_ends))
    until(lambda: service.pid("web") not in (0, old))
    service.wait_until_ready()
    assert service.post(PYTHON, [FINE]).result == [1.0]


def test_a_restart_of_all_r_workers_loses_no_request(service: Running) -> None:
    require("r")
    before = {service.pid(f"workers-r:r-{number}") for number in (0, 1)}
    with Load(service, [R], [BRIEF], threads=3) as load:
        load.after(6)
        done = service.ctl("restart", "workers-r:*")
        load.after(6)

    assert done.returncode == 0, done.stdout
    assert load.failures() == []
    assert before.isdisjoint({service.pid(f"workers-r:r-{number}") for number in (0, 1)})


def test_the_restart_of_one_of_two_is_not_noticed(service: Running) -> None:
    require("r")
    until(lambda: service.get("/ready").body["models"]["moody-r"]["workers"] == 2)
    with Load(service, [R], [BRIEF], threads=3) as load:
        load.after(6)
        assert service.ctl("stop", "workers-r:r-0").returncode == 0
        load.after(6)  # the sibling takes over: nobody waits for R to start
        assert service.ctl("start", "workers-r:r-0").returncode == 0
        load.after(6)

    assert load.failures() == []


def test_workers_come_and_go_while_the_service_runs(service: Running) -> None:
    before = service.processes()
    with Load(service, [PYTHON], [BRIEF], threads=3) as load:
        load.after(3)
        more = service.triglot("scale", "python=3")
        during = service.processes()
        until(lambda: service.get("/ready").body["models"]["moody-python"]["workers"] == 3)
        load.after(6)
        fewer = service.triglot("scale", "python=1")
        load.after(6)

    assert more.stdout == "python: python-0 python-1 python-2\n", more.stderr
    assert fewer.stdout == "python: python-0\n", fewer.stderr
    assert load.failures() == []
    assert all(info["statename"] == "RUNNING" for info in during.values())
    assert [during[name]["pid"] for name in before] == [info["pid"] for info in before.values()]
    assert [info["pid"] for info in service.processes().values()] == [info["pid"] for info in before.values()]


def test_a_restart_one_by_one_leaves_a_worker_to_answer(service: Running) -> None:
    require("r")
    names = ("workers-r:r-0", "workers-r:r-1")
    before = [service.pid(name) for name in names]
    with Load(service, [R], [BRIEF], threads=2) as load:
        load.after(4)
        done = service.triglot("restart", "r")
        load.after(4)

    assert done.stdout == "r-0\nr-1\n", done.stderr
    assert set(before).isdisjoint({service.pid(name) for name in names})
    assert load.failures() == []
    # the second began to go when the first was back: nobody waited for R to start
    assert (service.folder / "run" / "r-0.json").stat().st_mtime < started_at(service.pid("workers-r:r-1"))


def test_a_program_in_trouble_makes_the_service_unhealthy_and_is_named(service: Running) -> None:
    run_dir = service.folder / "run"
    assert service.get("/alive").status == 200
    reason = "crashes again and again: 5 times in 60 s, last with a signal"
    note_troubles(run_dir, {"workers-r:r-0": reason})
    try:
        answer = service.get("/alive")
        assert answer.status == 503
        assert answer.body["unhealthy"] == {"workers-r:r-0": reason}
        assert health.main(run_dir) == f"unhealthy: workers-r:r-0 {reason}"
    finally:
        note_troubles(run_dir, {})
    assert health.main(run_dir) is None


def is_away(service: Running) -> bool:
    """Whether every process of the front end refuses Julia's requests at once; any of them may answer."""
    answers = [service.post(JULIA, [FINE]) for _ in range(8)]
    return all(answer.status == 503 and "there has been no worker" in answer.message for answer in answers)


def test_a_language_that_is_switched_off_is_a_503_and_the_others_go_on(impatient: Running) -> None:
    require("julia")
    assert impatient.ctl("stop", "workers-julia:*").returncode == 0
    with Load(impatient, [PYTHON], [CALM]) as load:
        load.after(3)
        assert impatient.get("/ready").status == 503
        until(lambda: is_away(impatient))  # requests wait at first, as after a crash
        refused = impatient.post(JULIA, [FINE])

    assert refused.status == 503
    assert refused.body["metadata"]["code"] == "worker-unavailable"
    assert refused.headers["retry-after"] == "1"
    assert refused.message.startswith("there has been no worker for julia for ")
    assert load.failures() == []

    assert impatient.ctl("start", "workers-julia:*").returncode == 0
    # each process of the front end looks for workers by itself, some milliseconds apart
    until(lambda: all(impatient.post(JULIA, [FINE]).status == 200 for _ in range(4)))


def test_sigterm_answers_what_is_in_flight_and_leaves_no_process(service: Running) -> None:
    processes = [service.process.pid, *descendants(service.process.pid)]
    routes = [f"/models/moody-{language}/predict" for language in installed()]
    with Load(service, routes, [SLOW], threads=1) as load:
        until(lambda: service.busy() == set(installed()))  # each has one request in the model's hands now
        load.finish()
        code = service.stop()

    assert code == 0
    assert load.failures() == []
    assert {route for route, _ in load.answers} == set(routes)
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in processes))
