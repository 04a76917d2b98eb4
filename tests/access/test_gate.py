"""The gate: who is known by what, what each may, and that nothing dear is done twice."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import pytest

from tests.access.test_rates import Clock
from tests.helpers import PATIENCE_S
from triglot.access import callers, passwords
from triglot.access.callers import Caller
from triglot.access.gate import MOST_WAITING, REMEMBERED_S, Gate
from triglot.access.refusals import NotAuthenticated, RateLimited, ScopeMissing
from triglot.access.settings import settings_of
from triglot.errors import ConfigError, Overloaded, TriglotError

KEY, LATE = callers.new_key(), callers.new_key()
PASSWORD = "correct horse battery"
LINES = [
    {"name": "dashboard", "key": callers.digest(KEY), "scopes": ["predict"]},
    {"name": "late", "key": callers.digest(LATE), "scopes": ["predict"], "expires": "2001-01-01"},
    {"name": "ada", "password": passwords.hashed(PASSWORD), "scopes": ["read"]},
    {"name": "old", "password": passwords.hashed(PASSWORD), "scopes": ["read"], "expires": "2001-01-01"},
]
ADDRESS = "10.0.0.1"


class Judge:
    """Takes one token, and says how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def caller(self, token: str) -> Caller:
        self.asked += 1
        if token != "a.b.c":
            raise NotAuthenticated("no")
        return Caller("token", "robot", frozenset({"predict"}), until=2e9)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def gate(clock: Clock, *, token: str = "", judge: Judge | None = None, **said: Any) -> Gate:
    settings = settings_of({"callers": LINES} | said, Path(), {})
    return Gate(settings, token, judge, now=lambda: 1.7e9, clock=clock)


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


@pytest.mark.parametrize("sent", [("", KEY), (f"Bearer {KEY}", ""), (f"bearer  {KEY}", ""), (f"Key {KEY}", "")])
def test_a_key_is_taken_from_either_header_and_known_at_a_glance(clock: Clock, sent: tuple[str, str]) -> None:
    caller = gate(clock).known(*sent, ADDRESS)
    assert caller is not None
    assert (caller.kind, caller.name) == ("key", "dashboard")


def test_whoever_says_nothing_is_anonymous_and_may_what_the_configuration_lets_them(clock: Clock) -> None:
    made = gate(clock, anonymous=["read"])
    caller = made.caller("", "", ADDRESS)
    assert (caller.kind, caller.name) == ("anonymous", ADDRESS)
    made.admit(caller, "read")
    with pytest.raises(NotAuthenticated, match="wants a caller with the scope 'predict'") as refused:
        made.admit(caller, "predict")
    assert not refused.value.wrong


@pytest.mark.parametrize(
    "sent",
    [
        ("", "wrong"),
        ("", LATE),
        (f"Bearer {LATE}", ""),
        ("Bearer wrong", ""),
        ("Bearer", ""),
        ("Digest x", ""),
        ("x.y.z", ""),
        (f"Basic {KEY}", ""),
        ("Basic YWRh", ""),
        ("Basic /////w==", ""),
        (basic("ada", "wrong"), ""),
        (basic("ada", ""), ""),
        (basic("old", PASSWORD), ""),
        (basic("nobody", PASSWORD), ""),
        (basic("dashboard", KEY), ""),
        (f"Bearer {KEY}", "wrong"),
    ],
)
def test_what_was_sent_and_is_wrong_is_refused_even_where_nothing_would_be_asked(
    clock: Clock, sent: tuple[str, str]
) -> None:
    made = gate(clock, anonymous=["predict", "read", "admin"])
    assert made.known(*sent, ADDRESS) is None
    with pytest.raises(NotAuthenticated) as refused:
        made.caller(*sent, ADDRESS)
    assert refused.value.wrong
    assert not [part for part in sent if part and part in str(refused.value)]


def test_a_password_is_judged_once_a_minute_and_known_at_a_glance_until_then(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[str] = []
    truly = passwords.fits
    monkeypatch.setattr(passwords, "fits", lambda sent, stored: (judged.append(sent), truly(sent, stored))[1])
    made, sent = gate(clock), basic("ada", PASSWORD)
    assert made.known(sent, "", ADDRESS) is None
    for _ in range(3):
        assert made.caller(sent, "", ADDRESS).name == "ada"
        assert made.known(sent, "", ADDRESS)
    assert judged == [PASSWORD]
    clock.now += REMEMBERED_S + 1
    assert made.known(sent, "", ADDRESS) is None
    assert made.caller(sent, "", ADDRESS)
    assert judged == [PASSWORD] * 2


def test_a_name_that_nobody_has_is_judged_as_dearly_as_one_that_somebody_has(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: list[str] = []
    monkeypatch.setattr(passwords, "fits", lambda sent, against: bool(stored.append(against)))
    for name in ("ada", "nobody"):
        with pytest.raises(NotAuthenticated, match="name or password is wrong"):
            gate(clock).caller(basic(name, PASSWORD), "", ADDRESS)
    assert [text.partition("$")[0] for text in stored] == ["scrypt:32768:8:1"] * 2


def test_passwords_are_not_guessed_in_any_number(clock: Clock) -> None:
    made = gate(clock)
    for number in range(10):
        with pytest.raises(NotAuthenticated):
            made.caller(basic("ada", f"guess {number}"), "", ADDRESS)
    for password in ("one more", PASSWORD):
        with pytest.raises(RateLimited, match="too many wrong passwords"):
            made.caller(basic("ada", password), "", ADDRESS)
    assert made.caller(basic("ada", PASSWORD), "", "10.0.0.2")
    clock.now += 6
    assert made.caller(basic("ada", PASSWORD), "", ADDRESS)


def test_of_those_who_wait_for_a_judgement_there_are_few(clock: Clock) -> None:
    guarded = gate(clock)
    with ThreadPoolExecutor(2 * MOST_WAITING) as pool:
        with guarded._slowly:  # as while a password is judged
            tries = [pool.submit(guarded.caller, basic(f"u{n}", "x"), "", "10.0.0.1") for n in range(2 * MOST_WAITING)]
            refused = next(as_completed(tries, PATIENCE_S)).exception()
        errors = [each.exception(PATIENCE_S) for each in tries]
    assert isinstance(refused, Overloaded)
    assert sum(isinstance(error, NotAuthenticated) for error in errors) >= MOST_WAITING


def test_a_token_is_judged_once_a_minute_and_a_key_never_goes_to_the_judge(clock: Clock) -> None:
    judge = Judge()
    made = gate(clock, judge=judge)
    for _ in range(3):
        assert made.caller("Bearer a.b.c", "", ADDRESS).name == "robot"
        assert made.known("Bearer a.b.c", "", ADDRESS)
        assert made.caller(f"Bearer {KEY}", "", ADDRESS)
    assert judge.asked == 1
    for _ in range(2):
        with pytest.raises(NotAuthenticated):
            made.caller("Bearer a.b.d", "", ADDRESS)
    assert judge.asked == 3


def test_what_is_remembered_ends_when_the_callers_change(tmp_path: Path, clock: Clock) -> None:
    path, sent = tmp_path / "callers", basic("ada", PASSWORD)
    path.write_text(json.dumps(LINES[2]))
    made = gate(clock, callers=str(path))
    made.caller(sent, "", ADDRESS)
    path.write_text(json.dumps(LINES[0]))
    made.settings.callers._looked -= 5  # type: ignore[attr-defined]
    assert made.known(sent, "", ADDRESS) is None
    with pytest.raises(NotAuthenticated):
        made.caller(sent, "", ADDRESS)


def test_what_is_remembered_is_nothing_that_could_be_sent(clock: Clock) -> None:
    made = gate(clock, judge=Judge())
    made.caller(basic("ada", PASSWORD), "", ADDRESS)
    made.caller("Bearer a.b.c", "", ADDRESS)
    assert len(made._remembered) == 2
    assert all(len(trace) == 32 for trace in made._remembered)
    other = gate(clock, judge=Judge())
    other.caller("Bearer a.b.c", "", ADDRESS)
    assert not made._remembered.keys() & other._remembered.keys()


def test_the_admin_token_may_everything_and_none_is_no_empty_one(clock: Clock) -> None:
    made = gate(clock, token="secret")
    caller = made.caller("Bearer secret", "", ADDRESS)
    for scope in ("predict", "read", "admin"):
        made.admit(caller, scope)
    for empty in ("Bearer ", "Bearer"):
        with pytest.raises(NotAuthenticated):
            gate(clock).caller(empty, "", ADDRESS)


def test_a_caller_may_what_its_scopes_say_and_is_told_which_one_it_lacks(clock: Clock) -> None:
    made = gate(clock)
    caller = made.caller("", KEY, ADDRESS)
    assert made.may(caller, "predict")
    assert not made.may(caller, "admin")
    with pytest.raises(ScopeMissing, match=r"^key 'dashboard' has not the scope 'admin'$") as refused:
        made.admit(caller, "admin")
    assert refused.value.scope == "admin"


def test_rates_are_each_caller_s_and_each_scope_s(clock: Clock) -> None:
    made = gate(clock, rates={"predict": "2/s"}, anonymous=["predict", "read"])
    keyed, nobody = made.caller("", KEY, ADDRESS), made.caller("", "", ADDRESS)
    for _ in range(2):
        made.admit(keyed, "predict")
    assert not made.may(keyed, "predict")
    with pytest.raises(RateLimited, match=r"^more than 2/s requests; try again in 0.5 s$") as refused:
        made.admit(keyed, "predict")
    assert refused.value.retry_after_s == pytest.approx(0.5)
    made.admit(nobody, "predict")
    for _ in range(10):
        made.admit(nobody, "read")
    clock.now += 0.5
    made.admit(keyed, "predict")


def test_a_caller_s_own_rate_comes_before_that_of_all(clock: Clock) -> None:
    line = LINES[0] | {"rates": {"predict": "1/h"}}
    made = gate(clock, callers=[line], rates="100/s")
    caller = made.caller("", KEY, ADDRESS)
    made.admit(caller, "predict")
    with pytest.raises(RateLimited, match="1/h"):
        made.admit(caller, "predict")


def test_what_is_counted_beforehand_is_counted_once(clock: Clock) -> None:
    made = gate(clock, rates="1/s")
    caller = made.caller("", KEY, ADDRESS)
    assert made.may(caller, "predict")
    made.count(caller, "predict")
    assert not made.may(caller, "predict")


# --- the configuration


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ([], "write a dict with some of anonymous, callers, cors"),
        ({"keys": []}, "write a dict with some of anonymous, callers, cors"),
        ({"callers": 5}, "callers: write the name of a file"),
        ({"anonymous": "read"}, "anonymous: 'read'; write a list"),
        ({"anonymous": ["open"]}, "anonymous"),
        ({"rates": "fast"}, "rates: 'fast'"),
        ({"routes": {"hello": "read"}}, "routes: .*write a dict of routes"),
        ({"routes": {"/hello": "write"}}, "routes: /hello: 'write'; write one of predict, read, run, admin, open"),
        ({"cors": {}}, "cors: {}; write 'origins'"),
        ({"cors": {"origins": "https://a.example"}}, "cors: origins"),
        ({"cors": {"origins": ["https://a.example/"]}}, "cors: origins"),
        ({"cors": {"origins": ["null"]}}, "cors: origins"),
        ({"cors": {"origins": ["*"], "credentials": True}}, "cors: credentials: .*'\\*' may not"),
        ({"cors": {"origins": ["*"], "max_age_s": -1}}, "cors: max_age_s"),
        ({"cors": {"origins": ["*"], "headers": "X-A"}}, "cors: headers"),
    ],
)
def test_what_is_wrong_in_the_configuration_is_named(said: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=f"^access: {message}"):
        settings_of(said, Path(), {})


def test_no_refusal_is_an_error_of_the_service() -> None:
    assert all(issubclass(kind, TriglotError) for kind in (NotAuthenticated, RateLimited, ScopeMissing))
