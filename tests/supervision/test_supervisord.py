"""The configuration of supervisord, read by supervisord's own parser."""

import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
from supervisor.options import ServerOptions

from triglot.errors import ConfigError
from triglot.supervision.crash_loops import CrashLoop
from triglot.supervision.supervisord import FrontEnd, Plan, resized, supervisord_conf


def plan(folder: Path, **more: Any) -> Plan:
    """Return a plan of two R workers and one of Julia."""
    return Plan(
        **{
            "run_dir": folder,
            "directory": folder,
            "workers": {"r": 2, "julia": 1, "python": 0},
            "front_end": FrontEnd(port=8123),
            **more,
        }
    )


def parsed(text: str, folder: Path) -> ServerOptions:
    """Return what supervisord reads in a configuration."""
    path = folder / "supervisord.conf"
    path.write_text(text, "utf-8")
    options = ServerOptions()
    options.realize(["-c", str(path)])
    return options


def groups(options: ServerOptions) -> dict[str, Any]:
    """Return the groups of processes by name."""
    return {group.name: group for group in options.process_group_configs}


def test_each_language_is_a_group_of_as_many_workers_as_are_wanted(tmp_path: Path) -> None:
    found = groups(parsed(supervisord_conf(plan(tmp_path), {}), tmp_path))

    assert set(found) == {"workers-r", "workers-julia", "web"}
    assert [process.name for process in found["workers-r"].process_configs] == ["r-0", "r-1"]
    assert [process.name for process in found["workers-julia"].process_configs] == ["julia-0"]
    first, second = (process.command for process in found["workers-r"].process_configs)
    assert first == f"{sys.executable} -m triglot.workers r --name r-0 --run-dir {tmp_path}"
    assert second == first.replace("r-0", "r-1")


def test_a_group_of_models_is_a_program_of_its_own_with_the_groups_name(tmp_path: Path) -> None:
    workers = {"r": 1, "r-iris": 2}
    made = plan(tmp_path, workers=workers)
    found = groups(parsed(supervisord_conf(made, {}), tmp_path))

    assert set(found) == {"workers-r", "workers-r-iris", "web"}
    assert [process.name for process in found["workers-r-iris"].process_configs] == ["r-iris-0", "r-iris-1"]
    command = found["workers-r-iris"].process_configs[1].command
    assert command == f"{sys.executable} -m triglot.workers r --name r-iris-1 --run-dir {tmp_path} --group iris"
    fewer = resized(supervisord_conf(made, {}), plan(tmp_path, workers={**workers, "r-iris": 0}), "r-iris", {})
    assert set(groups(parsed(fewer, tmp_path))) == {"workers-r", "web"}


def test_a_group_whose_sockets_would_have_too_long_a_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"is too long for a socket's path; .* shorter name for the group"):
        supervisord_conf(plan(tmp_path / ("d" * 50), workers={f"r-{'g' * 40}": 1}), {})


def test_the_front_end_stops_first_and_everything_is_restarted(tmp_path: Path) -> None:
    found = groups(parsed(supervisord_conf(plan(tmp_path, jobs=True), {}), tmp_path))

    priorities = {name: group.priority for name, group in found.items()}
    assert priorities == {"workers-r": 10, "workers-julia": 10, "jobs": 15, "web": 20}
    for name in ("workers-r", "workers-julia", "web", "jobs"):
        for process in found[name].process_configs:
            assert process.autorestart is not False
            assert process.stopwaitsecs >= 20
            assert process.killasgroup


def test_workers_get_the_variables_of_their_language_and_all_get_the_plan_s(tmp_path: Path) -> None:
    options = parsed(supervisord_conf(plan(tmp_path, environment={"TRIGLOT_CONFIG": "/a b/c.py"}), {}), tmp_path)

    assert options.configroot.supervisord.environment == {"TRIGLOT_CONFIG": "/a b/c.py"}
    r = groups(options)["workers-r"].process_configs[0].environment
    assert r["LC_ALL"] == "C.UTF-8"
    assert r["OPENBLAS_NUM_THREADS"] == "1"
    # it forks, and threads of a library would not be in its processes
    assert groups(options)["web"].process_configs[0].environment["OPENBLAS_NUM_THREADS"] == "1"


def test_workers_do_not_get_the_admin_token(tmp_path: Path) -> None:
    found = groups(parsed(supervisord_conf(plan(tmp_path), {"TRIGLOT_ADMIN_TOKEN": "secret"}), tmp_path))

    assert found["workers-r"].process_configs[0].environment["TRIGLOT_ADMIN_TOKEN"] == ""
    assert "secret" not in (tmp_path / "supervisord.conf").read_text()


def test_what_the_operator_set_is_not_overwritten(tmp_path: Path) -> None:
    options = parsed(supervisord_conf(plan(tmp_path), {"OPENBLAS_NUM_THREADS": "4"}), tmp_path)

    assert "OPENBLAS_NUM_THREADS" not in groups(options)["workers-r"].process_configs[0].environment


def test_the_socket_is_the_operator_s_alone(tmp_path: Path) -> None:
    (server,) = parsed(supervisord_conf(plan(tmp_path), {}), tmp_path).server_configs

    assert server["file"] == str(tmp_path / "supervisor.sock")
    assert server["chmod"] == 0o700


@pytest.mark.parametrize("name", ["with blank", "100%", "it's", "ä", "$HOME", "%(here)s", "a\\b", "#5"])
def test_any_folder_that_a_file_can_name_comes_through(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    key = folder / "signing key"

    text = supervisord_conf(plan(folder, key_file=key, environment={"TRIGLOT_RUN_DIR": str(folder)}), {})
    options = parsed(text, tmp_path)

    process = groups(options)["workers-r"].process_configs[1]
    assert options.configroot.supervisord.environment["TRIGLOT_RUN_DIR"] == str(folder)
    assert options.configroot.supervisord.directory == str(folder)
    words = shlex.split(process.command)
    assert words[words.index("--run-dir") + 1] == str(folder)
    assert words[words.index("--key-file") + 1] == str(key)
    assert words[words.index("--name") + 1] == "r-1"


@pytest.mark.parametrize("name", ['a"b', "a;b", "a\nb"])
def test_what_would_break_out_of_its_line_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot stand in a supervisord configuration: no quotes, semicolons"):
        supervisord_conf(plan(tmp_path / name), {})


def test_a_variable_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'A=B' is no name of an environment variable"):
        supervisord_conf(plan(tmp_path, environment={"A=B": "1"}), {})


def test_a_configuration_is_changed_in_the_number_of_one_language_s_workers_alone(tmp_path: Path) -> None:
    text = supervisord_conf(plan(tmp_path, crash_loop=CrashLoop(crashes=7)), {})
    found = {}
    for count in (2, 3, 0):
        text = resized(text, plan(tmp_path, workers={"r": count}), "r", {})
        found[count] = groups(parsed(text, tmp_path))
    text = resized(text, plan(tmp_path, workers={"python": 1, "r": 0}), "python", {})
    found[1] = groups(parsed(text, tmp_path))

    assert [process.name for process in found[3]["workers-r"].process_configs] == ["r-0", "r-1", "r-2"]
    assert found[3]["workers-r"].process_configs[:2] == found[2]["workers-r"].process_configs
    assert found[0].keys() == {"workers-julia", "web"}
    assert found[1].keys() == {"workers-julia", "workers-python", "web"}
    assert all(again["web"] == found[2]["web"] for again in found.values())


def test_the_extension_is_told_the_run_directory_and_what_a_crash_loop_is(tmp_path: Path) -> None:
    folder = tmp_path / "100% odd"
    folder.mkdir()
    made = plan(folder, crash_loop=CrashLoop(crashes=7), log_format="json", kept_bytes=9)
    options = parsed(supervisord_conf(made, {}), tmp_path)

    ((name, _, said),) = [found for found in options.rpcinterface_factories if found[0] != "supervisor"]
    assert name == "triglot"
    loop = {"crashes": "7", "within_s": "60.0", "longest_s": "60.0"}
    assert said == {"run_dir": str(folder), **loop, "log_format": "json", "log_kept_bytes": "9"}
