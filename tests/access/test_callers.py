"""Those who are known: the lines of their file, what is refused in them, and what becomes of a file that changes."""

import datetime
import json
import logging
from pathlib import Path

import pytest
from werkzeug.security import check_password_hash, generate_password_hash

from tests.access.test_rates import Clock
from triglot.access import callers, passwords
from triglot.access.callers_file import CallersFile
from triglot.access.rates import Rate
from triglot.errors import ConfigError

SECRET = "correct horse battery"


def test_a_key_is_known_again_by_what_was_stored_of_it_and_another_is_not() -> None:
    key = callers.new_key()
    line = callers.line("dashboard", ["read", "predict"], key=callers.digest(key))
    register = callers.register_of(callers.records_in(line, "here"), "here")

    caller = register.by_key(key)
    assert caller is not None
    assert (caller.kind, caller.name, caller.scopes) == ("key", "dashboard", {"predict", "read"})
    assert key not in line
    assert [register.by_key(other) for other in ("", key[:-1], key + "x", callers.new_key(), "ä\udcff")] == [None] * 5


def test_keys_are_drawn_anew_each_time_and_are_as_good_as_256_bits() -> None:
    keys = {callers.new_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(key.startswith("trgl_") and len(key) == 48 for key in keys)


def test_a_line_says_what_a_caller_may_how_often_and_until_when() -> None:
    line = {
        "name": "a",
        "key": "sha256:" + "0" * 64,
        "scopes": ["read"],
        "rates": {"read": "5/s"},
        "expires": "2027-02-01",
    }
    (caller,) = callers.register_of([line], "here").keys.values()
    assert caller.rates == {"read": Rate(5, 1)}
    assert caller.until == datetime.datetime(2027, 2, 1, tzinfo=datetime.UTC).timestamp()


GOOD = {"name": "a", "key": "sha256:" + "0" * 64, "scopes": ["read"]}


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("a", "caller 1: write a name, a key or a password, scopes"),
        ({"name": "a", "scopes": ["read"]}, "caller 1: write a name, a key or a password"),
        (GOOD | {"password": "x"}, "caller 1: write a name, a key or a password"),
        (GOOD | {"scope": ["read"]}, "caller 1: write a name, a key or a password"),
        (GOOD | {"name": "a:b"}, "caller 1: name: 'a:b'"),
        (GOOD | {"name": None}, "caller 1: name: None"),
        (
            GOOD | {"scopes": "read"},
            r"caller 1 \(a\): scopes: 'read'; write a list of some of predict, read, run, admin",
        ),
        (GOOD | {"scopes": ["write"]}, r"caller 1 \(a\): scopes"),
        (GOOD | {"scopes": None}, r"caller 1 \(a\): scopes"),
        (GOOD | {"rates": {"read": "many"}}, r"caller 1 \(a\): rates: read: 'many'"),
        (GOOD | {"expires": "soon"}, r"caller 1 \(a\): expires: 'soon'; write the first day"),
        (GOOD | {"expires": 5}, r"caller 1 \(a\): expires: 5"),
    ],
)
def test_a_bad_line_is_refused_and_the_message_says_whose_and_what(record: object, said: str) -> None:
    with pytest.raises(ConfigError, match=f"^file: {said}"):
        callers.register_of([record], "file")


@pytest.mark.parametrize(
    "stored", ["secret-as-it-is", "scrypt:3:8:1$s$" + "0" * 128, "scrypt:1048576:99:1$s$" + "0" * 128, None]
)
def test_what_is_no_hash_is_refused_and_not_repeated(stored: str | None) -> None:
    for kind in ("key", "password"):
        with pytest.raises(ConfigError, match=rf"^file: 'a': {kind}: no ") as refused:
            callers.register_of([{"name": "a", kind: stored, "scopes": ["read"]}], "file")
        assert str(stored) not in str(refused.value) or stored is None


def test_a_name_is_one_key_s_and_one_password_s() -> None:
    person = GOOD | {"password": passwords.NOBODY}
    del person["key"]
    register = callers.register_of([GOOD, person], "file")
    assert len(register.keys) == len(register.people) == 1
    with pytest.raises(ConfigError, match=r"^file: 'a' has a key twice"):
        callers.register_of([GOOD, GOOD], "file")


def test_a_line_that_is_not_json_is_named_by_its_number_and_comments_are_let_be() -> None:
    assert callers.records_in("# who\n\n{}\n", "file") == [{}]
    with pytest.raises(ConfigError, match=r"^file: line 2 is not JSON"):
        callers.records_in("{}\nsecret\n", "file")


def test_a_password_fits_what_was_stored_of_it_here_and_by_werkzeug() -> None:
    stored = passwords.hashed(SECRET)
    assert passwords.fits(SECRET, stored)
    assert not passwords.fits(SECRET + "x", stored)
    assert check_password_hash(stored, SECRET)
    for method in ("scrypt", "pbkdf2:sha256:1000"):
        theirs = passwords.checked(generate_password_hash(SECRET, method), "here")
        assert passwords.fits(SECRET, theirs)
        assert not passwords.fits("", theirs)


def test_nobody_s_password_is_none_at_all() -> None:
    assert passwords.checked(passwords.NOBODY, "here")
    assert not passwords.fits("", passwords.NOBODY)


def test_a_short_password_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least 12"):
        passwords.hashed("short")


# --- the file


def written(path: Path, *names: str) -> None:
    path.write_text("".join(json.dumps(GOOD | {"name": name, "key": callers.digest(name)}) + "\n" for name in names))


def test_a_caller_that_is_taken_out_of_the_file_is_unknown_a_second_later(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "callers"
    written(path, "a", "b")
    known = CallersFile(path, clock=clock)
    assert known().by_key("b")
    written(path, "a")
    assert known().by_key("b")
    clock.now += 1
    assert known().by_key("a")
    assert known().by_key("b") is None
    assert known() is known()


@pytest.mark.parametrize("broken", ["{", None])
def test_a_file_that_is_broken_while_the_service_runs_changes_nothing_and_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, broken: str | None
) -> None:
    clock, path = Clock(), tmp_path / "callers"
    written(path, "a")
    known = CallersFile(path, clock=clock)
    path.unlink() if broken is None else path.write_text(broken)
    for _ in range(3):
        clock.now += 1
        assert known().by_key("a")
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "those who were known before still are" in record.getMessage()
    written(path, "b")
    clock.now += 1
    assert known().by_key("b")


def test_a_file_that_is_not_there_at_the_start_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^access: callers: .*make the file, or leave the entry out"):
        CallersFile(tmp_path / "none")


def test_the_environment_s_callers_are_known_beside_the_file_s(tmp_path: Path) -> None:
    path = tmp_path / "callers"
    written(path, "a")
    known = CallersFile(path, json.dumps(GOOD | {"name": "c", "key": callers.digest("c")}))()
    assert known.by_key("a")
    assert known.by_key("c")
