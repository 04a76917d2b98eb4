"""`triglot serve`, `supervisor-config` and `worker`: what they refuse, and what they start."""

import configparser
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.running import environment, folder, free_port, triglot
from tests.helpers import until
from triglot.client import Client
from triglot.discovery import run_directory

START_S = 60.0
STOP_S = 10.0


@pytest.fixture
def place() -> Iterator[Path]:
    """Hold a working directory with a configuration of no model."""
    with folder() as made:
        (made / "triglot-config.py").write_text("{'workers': {'python': 1}}")
        yield made


def test_a_port_that_is_taken_is_refused_before_anything_starts(place: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = triglot("serve", "--port", str(port), cwd=place)

    assert done.returncode == 1
    assert done.stderr == (
        f"triglot: cannot listen on 127.0.0.1, port {port}: Address already in use; choose another --host or --port\n"
    )


def test_a_run_directory_that_is_in_use_is_refused(place: Path) -> None:
    run_dir = run_directory(place / "run")
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(run_dir / "supervisor.sock"))
        other.listen()
        done = triglot("serve", "--port", str(free_port()), cwd=place)

    assert done.returncode == 1
    assert done.stderr.endswith("already; stop it, or set another run_dir for this one\n")
    assert not (run_dir / "supervisord.conf").exists()


def test_a_run_directory_that_others_may_write_to_is_refused(place: Path) -> None:
    (place / "run").mkdir(mode=0o755)
    (place / "run").chmod(0o755)

    done = triglot("supervisor-config", cwd=place)

    assert done.returncode == 1
    assert "must belong to you alone: chmod 700 " in done.stderr


def test_a_language_that_is_not_installed_is_refused_with_the_remedy(place: Path) -> None:
    done = triglot("serve", "--workers", "r=1", cwd=place, PATH="/nonexistent", TRIGLOT_R_HOME="/nonexistent")

    assert done.returncode == 1
    assert done.stderr == (
        "triglot: r is off: R is not installed: neither TRIGLOT_R_HOME nor PATH leads to it. "
        "Install it (triglot doctor r says how), or serve without: --workers r=0\n"
    )


def test_supervisor_config_writes_a_file_and_prints_its_path(place: Path) -> None:
    done = triglot("supervisor-config", "--workers", "python=3", "--port", "8765", cwd=place)

    assert done.returncode == 0, done.stderr
    path = Path(done.stdout.strip())
    assert path == place / "run" / "supervisord.conf"
    written = configparser.RawConfigParser()
    written.read(path)
    assert written["program:workers-python"]["numprocs"] == "3"
    assert "--port 8765" in written["program:web"]["command"]
    assert "program:workers-r" not in written


def test_a_worker_serves_in_the_foreground_and_drains_on_sigterm(place: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "triglot", "worker", "python", "--name", "lone"],
        cwd=place,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    client = Client(run_directory(place / "run"))
    try:
        until(lambda: [w.endpoint.name for w in client.workers() if w.alive] == ["lone"], START_S)
        process.terminate()
        said, _ = process.communicate(timeout=STOP_S)
    finally:
        client.close()
        process.kill()
        process.wait(STOP_S)

    assert process.returncode == 0
    assert "ready: python" in said
    assert "drained" in said


def test_an_unknown_setting_of_the_server_is_named_with_the_known_ones(place: Path) -> None:
    (place / "triglot-config.py").write_text("{'server': {'prot': 8000, 'threads': 4}}")

    done = triglot("supervisor-config", cwd=place)

    assert done.returncode == 1
    assert done.stderr.startswith("triglot: server: unknown prot; known are ")
    assert "max_body_bytes, max_bulk_bytes, max_bulk_rows, port, processes, threads, timeout_s" in done.stderr


def test_there_is_nothing_to_scale_or_to_restart_where_no_service_runs(place: Path) -> None:
    for command in (("scale", "python=2"), ("restart", "python")):
        done = triglot(*command, cwd=place)

        assert done.returncode == 1
        assert done.stderr.startswith(f"triglot: no service answers in '{place}/run' (")
        assert done.stderr.endswith("); start one: triglot serve\n")
    assert not (place / "run" / "supervisord.conf").exists()
