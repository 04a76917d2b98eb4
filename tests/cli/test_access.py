"""`triglot access`: a key is printed once, and the line that knows it again is good."""

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from triglot.access.callers import records_in, register_of
from triglot.access.passwords import fits
from triglot.cli.main import main

PASSWORD = "correct horse battery"


def run(*arguments: str, said: str = "") -> Result:
    return CliRunner().invoke(main, ["access", *arguments], input=said)


def test_a_new_key_is_printed_and_its_line_is_added_to_a_file_that_nobody_else_reads(tmp_path: Path) -> None:
    path = tmp_path / "callers"
    keys = [run("new-key", name, "--scopes", "predict,read", "--to", str(path)).stdout.strip() for name in ("a", "b")]
    register = register_of(records_in(path.read_text(), "file"), "file")
    found = [register.by_key(key) for key in keys]
    assert [(caller.name, caller.scopes) for caller in found if caller] == [
        ("a", {"predict", "read"}),
        ("b", {"predict", "read"}),
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not [key for key in keys if key in path.read_text()]


def test_a_file_keeps_what_it_has_though_its_last_line_has_no_end(tmp_path: Path) -> None:
    path = tmp_path / "callers"
    path.write_text("# ours")
    path.chmod(0o640)
    assert run("new-key", "a", "--scopes", "read", "--to", str(path)).exit_code == 0
    assert path.read_text().startswith("# ours\n{")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_without_a_file_the_line_is_printed_before_the_key() -> None:
    line, key = run("new-key", "a", "--scopes", "admin", "--expires", "2099-01-01").stdout.splitlines()
    caller = register_of([json.loads(line)], "line").by_key(key)
    assert caller is not None
    assert json.loads(line)["expires"] == "2099-01-01"


def test_a_password_is_read_and_only_its_hash_is_printed() -> None:
    done = run("new-password", "ada", "--scopes", "read", said=f"{PASSWORD}\n")
    assert fits(PASSWORD, json.loads(done.stdout)["password"])
    assert PASSWORD not in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("new-key", "a", "--scopes", "write"), "scopes"),
        (("new-key", "a:b", "--scopes", "read"), "write at most 64 letters, digits"),
        (("new-password", "a", "--scopes", "read"), "at least 12"),
    ],
)
def test_what_could_not_be_read_again_is_not_written(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = run(*arguments, "--to", str(tmp_path / "callers"), said="short\n")
    assert done.exit_code == 1
    assert said in done.stderr
    assert not (tmp_path / "callers").exists()


def test_a_second_key_of_one_name_is_refused_and_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "callers"
    run("new-key", "a", "--scopes", "read", "--to", str(path))
    before = path.read_text()
    done = run("new-key", "a", "--scopes", "read", "--to", str(path))
    assert (done.exit_code, done.stdout) == (1, "")
    assert "'a' has a key twice" in done.stderr
    assert path.read_text() == before


def test_a_file_that_is_no_text_is_named_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "callers"
    path.write_bytes(b"\xff\xfe\x00")
    done = run("new-key", "a", "--scopes", "read", "--to", str(path))
    assert done.exit_code == 1
    assert f"--to {str(path)!r}" in done.stderr
    assert "name a file of callers" in done.stderr
    assert path.read_bytes() == b"\xff\xfe\x00"
