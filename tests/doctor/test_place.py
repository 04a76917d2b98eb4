"""The folders, the key and the machine, as the doctor sees them; nothing is left behind by looking."""

import contextlib
import os
import socket
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import triglot
from tests.functional.running import folder
from triglot.doctor import folders, key, machine, python
from triglot.doctor.finding import Finding
from triglot.supervision.supervisord import FrontEnd


@pytest.fixture
def short() -> Iterator[Path]:
    """Hold a folder in which a socket's path is not too long."""
    with folder() as made:
        yield made


def run_directory(path: Path) -> Finding:
    """Return what is found of a run directory."""
    return next(iter(folders.look(path)))


def test_sockets_are_bound_in_the_run_directory_and_for_fits_and_nothing_is_left(short: Path) -> None:
    found = list(folders.look(short / "run"))
    assert [finding.verdict for finding in found] == ["ok", "ok"]
    assert found[0].found == f"{short}/run, to be made"
    assert list(short.iterdir()) == []

    (short / "run").mkdir(mode=0o700)
    assert run_directory(short / "run").found == f"{short}/run; sockets can be bound there"
    assert list((short / "run").iterdir()) == []


def test_a_run_directory_that_others_may_enter_is_told_with_its_command(short: Path) -> None:
    short.chmod(0o755)
    found = run_directory(short)
    assert found.verdict == "fail"
    assert "can be entered by others (mode 0755" in found.found
    assert list(map(str, found.commands)) == [f"chmod 700 {short}"]


def test_a_run_directory_too_long_for_a_socket_is_told(short: Path) -> None:
    long = short / ("l" * 100)
    found = run_directory(long)
    assert found.verdict == "fail"
    assert "is too long for a socket's path" in found.found
    assert found.advice.startswith("name another: export TRIGLOT_RUN_DIR=/")
    assert not long.exists()


def test_a_run_directory_that_cannot_be_made_is_told(short: Path) -> None:
    (short / "run").write_text("a file")
    assert f"{short}/run is no folder that is yours to write to" in run_directory(short / "run").found
    assert f"{short}/run is no folder that is yours to write to" in run_directory(short / "run" / "inner").found


def test_nothing_of_a_path_is_made_by_looking(short: Path) -> None:
    assert run_directory(short / "a" / "b" / "run").verdict == "ok"
    assert list(short.iterdir()) == []


def test_a_folder_that_holds_what_is_not_triglots_is_never_to_be_closed_to_others(short: Path) -> None:
    (short / "letters.txt").write_text("mine")
    short.chmod(0o1777)
    found = run_directory(short)
    assert (found.verdict, found.commands) == ("fail", ())
    assert "holds what is not Triglot's" in found.found
    assert found.advice.startswith("name another: export TRIGLOT_RUN_DIR=/")


def test_a_folder_of_another_user_is_told(short: Path) -> None:
    if os.getuid():
        pytest.skip("only root can give a folder away")
    os.chown(short, 65534, -1)
    assert "belongs to another user (id 65534)" in run_directory(short).found


def test_a_temporary_folder_too_long_for_a_socket_is_told(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = short / ("l" * 100)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    _, found = folders.look(short / "run")
    assert found.verdict == "fail"
    assert "is too long for a socket's path" in found.found
    assert "export TMPDIR=" in found.advice


def test_a_key_that_is_not_there_is_not_made_by_looking(tmp_path: Path) -> None:
    environ = {"TRIGLOT_HOME": str(tmp_path / "home")}
    found = key.look(None, environ)
    assert found.verdict == "ok"
    assert found.found == f"none yet; the first fit makes {tmp_path}/home/signing.key"
    assert key.there(None, environ) is None
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_others_may_read_is_told_with_its_command(tmp_path: Path) -> None:
    path = tmp_path / "my key"
    path.write_text("k" * 32)
    path.chmod(0o644)
    found = key.look(path, {})
    assert found.verdict == "fail"
    assert "can be used by other users (mode 0644)" in found.found
    assert list(map(str, found.commands)) == [f"chmod 600 '{path}'"]
    assert key.there(path, {}) is None

    path.chmod(0o600)
    assert key.look(path, {}).found == f"in {path}"
    assert key.there(path, {}) == b"k" * 32


def test_a_folder_in_the_place_of_a_key_is_told_and_its_mode_left_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    found = key.look(None, {"TRIGLOT_SIGNING_KEY_FILE": str(tmp_path)})
    assert (found.verdict, found.found, found.commands) == ("fail", f"{tmp_path} is no file", ())


def test_a_key_that_is_too_short_is_told() -> None:
    found = key.look(None, {"TRIGLOT_SIGNING_KEY": "short"})
    assert found.verdict == "fail"
    assert "has 5 bytes and needs 16 or more" in found.found
    assert key.look(None, {"TRIGLOT_SIGNING_KEY": "k" * 32}).verdict == "ok"


def test_a_port_is_free_or_taken_by_a_stranger_or_the_services_own(short: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        front_end = FrontEnd("127.0.0.1", taken.getsockname()[1])
        stranger = machine.port(front_end, short)
        assert stranger.verdict == "warn"
        assert "Address already in use" in stranger.found
        assert stranger.advice == f"choose another: triglot serve --port {front_end.port + 1}"
        with socket.socket(socket.AF_UNIX) as supervisor:
            supervisor.bind(str(short / "supervisor.sock"))
            supervisor.listen()
            assert "where the service of this run directory listens" in machine.port(front_end, short).found
    assert machine.port(front_end, short).verdict == "ok"


def test_a_host_that_has_no_address_is_told_in_the_resolvers_words(short: Path) -> None:
    found = machine.port(FrontEnd(host="no.such.host.invalid"), short)
    assert found.verdict == "warn"
    assert found.found.startswith("no.such.host.invalid:8000: ")
    assert "Unknown error" not in found.found
    assert found.advice == "choose another: triglot serve --host"


def test_what_is_free_is_told_once_a_disk(short: Path) -> None:
    (found,) = machine.disk([short / "not" / "yet", short])
    assert found.found.endswith(f"MiB free for {short}")


@pytest.mark.parametrize(
    ("scarce", "too_scarce", "verdict"), [(0, 0, "ok"), (2**62, 0, "warn"), (2**62, 2**62, "fail")]
)
def test_a_disk_with_little_room_is_told(short: Path, scarce: int, too_scarce: int, verdict: str) -> None:
    (found,) = machine.disk([short], scarce, too_scarce)
    assert found.verdict == verdict
    assert ("free some" in found.advice) == (verdict != "ok")


def test_a_clock_that_is_behind_what_was_written_is_told() -> None:
    now = datetime.now(UTC)
    assert machine.clock(now - timedelta(days=1)).verdict == "ok"
    assert machine.clock(now + timedelta(minutes=2)).verdict == "ok"  # another host's clock

    ahead = machine.clock(now + timedelta(hours=1))
    assert ahead.verdict == "warn"
    assert "and a version was stored at" in ahead.found

    written = datetime.fromtimestamp(Path(triglot.__file__).stat().st_mtime, UTC)
    back = machine.clock(None, now=written - timedelta(days=1))
    assert back.verdict == "warn"
    assert "Triglot's own files were written at" in back.found
    assert "set the clock" in back.advice


def test_python_is_told_with_its_worker() -> None:
    assert {finding.check: finding.verdict for finding in python.look(os.environ)} == {
        "Python": "ok",
        "Python worker": "ok",
    }


def test_a_package_that_is_missing_or_too_old_is_noticed() -> None:
    assert python.is_met("numpy>=2")
    assert python.is_met("click")
    assert not python.is_met("numpy>=900")
    assert not python.is_met("a-package-that-nobody-has>=1")


def test_a_worker_that_does_not_start_is_told_with_its_last_words() -> None:
    with contextlib.closing(python.look({**os.environ, "PYTHONHOME": "/nonexistent"})) as looks:
        *_, found = looks
    assert found.verdict == "fail"
    assert found.found.startswith("the python worker did not start: ")
