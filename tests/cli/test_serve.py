"""`triglot serve`, `supervisor-config` and `worker`: what they refuse, and what they start."""

import configparser
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.running import Running, environment, folder, free_port, quick
from tests.helpers import PATIENCE_S, until
from triglot.dispatch.blocking import Client
from triglot.transport.discovery import run_directory


@pytest.fixture
def place() -> Iterator[Path]:
    """Hold a working directory with a configuration of no model."""
    with folder() as made:
        (made / "triglot-config.py").write_text("{'workers': {'python': 1}}")
        yield made


def test_the_last_line_of_a_start_is_a_command_that_gets_an_answer(place: Path) -> None:
    (place / "shops.csv").write_text("it's open,a & b,%\nyes,1,0.5\nno,2,1.5\nyes,3,2.5\nno,4,3.5\n")
    config = place / "triglot-config.py"
    config.write_text(
        """{
            'model_name': "tonight's shops",
            'dataset_loader_train': {
                '!': 'triglot.dataset.CSV', 'path': here + '/shops.csv', 'target_column': "it's open",
            },
            'model': {'!': 'sklearn.tree.DecisionTreeClassifier'},
        }"""
    )
    assert quick("fit", "--no-proof", cwd=place).returncode == 0
    service = Running(place, config)
    try:
        until(lambda: "; ask it: " in service.said())
        (command,) = re.findall(r"; ask it: (curl .+)", service.said())
        asked = f"{command} --silent --write-out '\n%{{http_code}}'"
        done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    finally:
        service.close()

    body, _, status = done.stdout.rpartition("\n")
    assert status == "200", done.stdout
    assert body.endswith('"result":"yes"}')
    assert f"tonight's shops version 1 (python) answers on http://127.0.0.1:{service.port}; ask it: " in service.said()
    assert "reaped unknown" not in service.said()


def test_quiet_holds_for_supervisord_and_for_what_it_starts_and_tells_no_last_line(place: Path) -> None:
    loud = quick("supervisor-config", cwd=place)
    assert (place / "run" / "greeting.json").exists()
    assert "loglevel" not in Path(loud.stdout.strip()).read_text()

    done = quick("--quiet", "supervisor-config", cwd=place)

    written = configparser.RawConfigParser()
    written.read(done.stdout.strip())
    assert written["supervisord"]["loglevel"] == "warn"
    assert 'TRIGLOT_LOG_LEVEL="warning"' in written["supervisord"]["environment"]
    assert not (place / "run" / "greeting.json").exists()


def test_a_port_that_is_taken_is_refused_before_anything_starts(place: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = quick("serve", "--port", str(port), cwd=place)

    assert done.returncode == 1
    assert done.stderr == (
        f"triglot: cannot listen on 127.0.0.1, port {port}: Address already in use; choose another --host or --port\n"
    )


def test_a_run_directory_that_is_in_use_is_refused(place: Path) -> None:
    run_dir = run_directory(place / "run")
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(run_dir / "supervisor.sock"))
        other.listen()
        done = quick("serve", "--port", str(free_port()), cwd=place)

    assert done.returncode == 1
    assert done.stderr.endswith("already; stop it, or set another run_dir for this one\n")
    assert not (run_dir / "supervisord.conf").exists()


def test_a_run_directory_that_others_may_write_to_is_refused(place: Path) -> None:
    (place / "run").mkdir(mode=0o755)
    (place / "run").chmod(0o755)

    done = quick("supervisor-config", cwd=place)

    assert done.returncode == 1
    assert "must belong to you alone: chmod 700 " in done.stderr


def test_a_language_that_is_not_installed_is_refused_with_the_remedy(place: Path) -> None:
    done = quick("serve", "--workers", "r=1", cwd=place, PATH="/nonexistent", TRIGLOT_R_HOME="/nonexistent")

    assert done.returncode == 1
    assert done.stderr == (
        "triglot: r is off: R is not installed: neither TRIGLOT_R_HOME nor PATH leads to it. "
        "Install it (triglot doctor r says how), or serve without: --workers r=0\n"
    )


def test_supervisor_config_writes_a_file_and_prints_its_path(place: Path) -> None:
    done = quick("supervisor-config", "--workers", "python=3", "--port", "8765", cwd=place)

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
        until(lambda: [w.endpoint.name for w in client.workers() if w.alive] == ["lone"])
        process.terminate()
        said, _ = process.communicate(timeout=PATIENCE_S)
    finally:
        client.close()
        process.kill()
        process.wait()

    assert process.returncode == 0
    assert "ready: python" in said
    assert "drained" in said


def test_an_unknown_setting_of_the_server_is_named_with_the_known_ones(place: Path) -> None:
    (place / "triglot-config.py").write_text("{'server': {'prot': 8000, 'threads': 4}}")

    done = quick("supervisor-config", cwd=place)

    assert done.returncode == 1
    assert done.stderr.startswith("triglot: server: unknown prot; known are ")
    assert "max_bulk_rows, mlflow_model, page, patience_s, port, processes, threads, timeout_s" in done.stderr


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("'body_quiet_s': 0", "server: body_quiet_s: 0; write how many seconds a caller may send nothing of a body"),
        ("'bodies': 'many'", "server: bodies: 'many'; write a whole number from 1 to 1000000"),
    ],
)
def test_a_setting_of_the_server_that_cannot_be_is_told(place: Path, entry: str, said: str) -> None:
    (place / "triglot-config.py").write_text(f"{{'server': {{{entry}}}}}")

    done = quick("supervisor-config", cwd=place)

    assert (done.returncode, done.stderr) == (1, f"triglot: {said}\n")


def test_there_is_nothing_to_scale_or_to_restart_where_no_service_runs(place: Path) -> None:
    for command in (("scale", "python=2"), ("restart", "python")):
        done = quick(*command, cwd=place)

        assert done.returncode == 1
        assert done.stderr.startswith(f"triglot: no service answers in '{place}/run' (")
        assert done.stderr.endswith("); start one: triglot serve\n")
    assert not (place / "run" / "supervisord.conf").exists()
