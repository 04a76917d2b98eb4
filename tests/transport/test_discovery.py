import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triglot.errors import ConfigError
from triglot.transport.discovery import (
    Endpoint,
    announce,
    check_name,
    last_word,
    leave_word,
    listed,
    local_endpoint,
    run_directory,
    scan,
    withdraw,
)

REMOTE = {
    "name": "far",
    "language": "r",
    "address": "tcp://10.0.0.7:5001",
    "control": "tcp://10.0.0.7:5002",
    "server_key": "k" * 40,
}


def test_a_run_directory_is_made_for_one_user_alone(tmp_path: Path) -> None:
    made = run_directory(tmp_path / "a" / "run")
    assert made.is_dir()
    assert made.stat().st_mode & 0o777 == 0o700
    assert run_directory(made) == made


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o777, 0o701, 0o740])
def test_a_run_directory_that_others_can_enter_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run").chmod(mode)
    with pytest.raises(ConfigError, match="chmod 700"):
        run_directory(tmp_path / "run")


def test_a_run_directory_that_cannot_be_one_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(ConfigError, match=r"run directory .*file"):
            run_directory(path)


@given(st.text())
def test_a_worker_name_is_always_one_plain_file_name(name: str) -> None:
    try:
        checked = check_name(name)
    except ConfigError:
        return
    assert Path(checked).name == checked
    assert not checked.startswith(".")
    assert len(os.fsencode(f"{checked}.control.ipc")) < 100


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a b", "-x", "é", "a\n", "x" * 65])
def test_a_name_that_could_leave_the_directory_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="is no worker name"):
        check_name(name)


def test_a_directory_too_long_for_sockets_is_refused_before_they_fail(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="too long"):
        local_endpoint(tmp_path / ("x" * 120), "w", "r")


def test_what_is_announced_is_found_and_what_is_withdrawn_is_not(tmp_path: Path) -> None:
    one, two = local_endpoint(tmp_path, "one", "r"), local_endpoint(tmp_path, "two", "julia")
    announce(tmp_path, one)
    announce(tmp_path, two)
    assert scan(tmp_path) == {"one": one, "two": two}
    withdraw(tmp_path, one)
    assert scan(tmp_path) == {"two": two}
    withdraw(tmp_path, one)


def test_two_starts_of_one_worker_are_two_incarnations(tmp_path: Path) -> None:
    assert local_endpoint(tmp_path, "w", "r") != local_endpoint(tmp_path, "w", "r")


def test_a_worker_that_goes_does_not_take_its_successors_announcement_away(tmp_path: Path) -> None:
    old, new = local_endpoint(tmp_path, "w", "r"), local_endpoint(tmp_path, "w", "r")
    announce(tmp_path, old)
    announce(tmp_path, new)
    withdraw(tmp_path, old)
    assert scan(tmp_path) == {"w": new}


@pytest.mark.parametrize("content", ["", "{", "[]", "[1]", "7", "null", '{"name": "x"}', '{"nome": 1}', "\udcff"])
def test_files_that_are_no_announcements_are_passed_by(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(content, "utf-8", "surrogateescape")
    endpoint = local_endpoint(tmp_path, "w", "r")
    announce(tmp_path, endpoint)
    assert scan(tmp_path) == {"w": endpoint}


def test_a_group_is_announced_and_an_announcement_without_one_is_of_none(tmp_path: Path) -> None:
    announce(tmp_path, local_endpoint(tmp_path, "r-iris-0", "r", "iris"))
    old = {"name": "w", "language": "r", "address": "ipc://w", "control": "ipc://c", "incarnation": "1"}
    (tmp_path / "w.json").write_text(json.dumps(old))
    assert {name: worker.group for name, worker in scan(tmp_path).items()} == {"r-iris-0": "iris", "w": ""}


def test_a_path_that_is_too_long_because_of_a_group_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="choose a shorter one, or a shorter name for the group 'iris'"):
        local_endpoint(tmp_path / ("x" * 90), "r-iris-0", "r", "iris")


def test_a_directory_that_is_not_there_holds_nobody(tmp_path: Path) -> None:
    assert scan(tmp_path / "none") == {}


def test_listed_workers_are_endpoints_without_a_known_incarnation() -> None:
    found = listed([REMOTE])
    assert found == {"far": Endpoint(**REMOTE)}
    assert found["far"].incarnation == ""


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"server_key": ""}, "needs its server_key"),
        ({"name": "../far"}, "is no worker name"),
        ({"port": 7}, "needs name, language, address"),
    ],
)
def test_a_listed_worker_that_is_not_protected_or_not_complete_is_refused(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        listed([{**REMOTE, **change}])


def test_a_last_word_is_told_of_the_process_that_left_it_and_of_no_other(tmp_path: Path) -> None:
    run_dir = run_directory(tmp_path / "run")
    first, second = (local_endpoint(run_dir, "w", "r") for _ in range(2))
    assert last_word(run_dir, "w", first.incarnation) == ""
    leave_word(run_dir, first, "too much memory")
    assert last_word(run_dir, "w", first.incarnation) == "too much memory"
    assert last_word(run_dir, "w", second.incarnation) == ""
    assert scan(run_dir) == {}
