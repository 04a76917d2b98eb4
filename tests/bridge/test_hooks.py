"""Hooks: who is told of what, what becomes of those that fail, and how they are named."""

import logging
from pathlib import Path

import pytest

from tests.helpers import floats
from triglot import call_log, hooks
from triglot.errors import ArtefactRefused, ConfigError
from triglot.hooks import Answered, Hook, Hooks, LoadedVersion, WorkerCall
from triglot.logs import TextLines
from triglot.manifest import UnverifiedManifest
from triglot.project import Project
from triglot.protocol.messages import Part, Request

LOADED = LoadedVersion("m", 1, UnverifiedManifest({}))
BOTH = Request(
    "predict", "both", "m", 3, tables=(floats((1.0,), (2.0,), (3.0,), names="a"),), parts=(Part("a", 1), Part("b", 2))
)


class Keen(Hook):
    """Writes down what it hears of calls."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def call_begun(self, call: WorkerCall) -> None:
        self.heard.append(f"begun {call.op} {call.model} {call.version} {','.join(call.ids)} {call.rows}")

    def call_ended(self, call: WorkerCall, seconds: float) -> None:
        self.heard.append(f"ended {seconds >= 0}")

    def call_failed(self, call: WorkerCall, error: BaseException, seconds: float) -> None:
        self.heard.append(f"failed {error} {seconds >= 0}")


class Clumsy(Hook):
    """Fails at whatever it is told."""

    def call_begun(self, call: WorkerCall) -> None:
        raise ZeroDivisionError("clumsy")

    def version_loaded(self, loaded: LoadedVersion) -> None:
        raise ArtefactRefused(f"version {loaded.version} was fitted on a Friday")


class Needy(Hook):
    """Cannot be made without an argument."""

    def __init__(self, needed: str) -> None:
        self.needed = needed


def test_a_call_is_told_of_from_its_begin_to_its_end_or_failure() -> None:
    keen = Keen()
    told = Hooks([Hook(), keen])
    with told.around([BOTH], 0.0):
        keen.heard.append("meanwhile")
    with pytest.raises(ValueError, match="no"), told.around([BOTH], 0.0):
        raise ValueError("no")
    begun = "begun predict m 3 a,b 3"
    assert keen.heard == [begun, "meanwhile", "ended True", begun, "failed no True"]


def test_only_those_that_listen_are_told() -> None:
    assert Hooks([Keen()]).hears("call_begun")
    assert not Hooks([Keen()]).hears("request_answered")
    assert not any(Hooks([Hook()]).hears(event) for event in hooks.EVENTS)
    with Hooks().around([BOTH], 0.0) as nothing:
        assert nothing is None


def test_what_a_hook_raises_changes_nothing_for_others_and_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    keen = Keen()
    told = Hooks([Clumsy(), keen])
    for _ in range(3):
        with told.around([BOTH], 0.0):
            pass
    assert len(keen.heard) == 6
    assert [record.message for record in caplog.records] == [
        "hook tests.bridge.test_hooks.Clumsy failed at call_begun; the next time it is not told again"
    ]


def test_a_worker_s_hook_may_refuse_a_version_and_the_front_end_s_may_not() -> None:
    with pytest.raises(ArtefactRefused, match="on a Friday"):
        Hooks([Clumsy()], may_refuse=True).version_loaded(LOADED)
    Hooks([Clumsy()]).version_loaded(LOADED)


def test_a_hook_is_named_by_its_class() -> None:
    (made,) = hooks.load(["triglot.call_log.CallLog"])
    assert isinstance(made, call_log.CallLog)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nowhere.Calls", "'nowhere.Calls' is not found: No module named 'nowhere'"),
        ("triglot.call_log.Calls", "is not found: module 'triglot.call_log' has no attribute 'Calls'"),
        ("Calls", "is no hook; write 'module.Class', a subclass of triglot.hooks.Hook"),
        ("pathlib.Path", "is no hook"),
        (f"{__name__}.Needy", "cannot be made: TypeError"),
    ],
)
def test_what_is_no_hook_is_refused_with_its_name(name: str, why: str) -> None:
    with pytest.raises(ConfigError, match=f"hooks: .*{why}"):
        hooks.load([name])


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("['a.B']", r"hooks: \['a.B'\]; write a mapping with 'workers', 'server' or both"),
        ("{'worker': ['a.B']}", "write a mapping with 'workers', 'server' or both"),
        ("{'workers': 'a.B'}", "hooks: workers: 'a.B'; write a list of names such as 'module.Class'"),
        ("{'workers': ['a.B,c']}", "write a list of names"),
        ("{'workers': [3]}", "write a list of names"),
    ],
)
def test_a_slip_in_the_configuration_is_told_with_what_to_write(said: str, why: str, tmp_path: Path) -> None:
    config = tmp_path / "config.py"
    config.write_text(f"{{'hooks': {said}}}")
    with pytest.raises(ConfigError, match=why):
        Project([config], {}, tmp_path).hooks("workers")


def test_workers_are_told_by_their_environment_which_hooks_they_have(tmp_path: Path) -> None:
    config = tmp_path / "config.py"
    config.write_text("{'hooks': {'workers': ['a.B', 'c.d.E'], 'server': ['f.G']}}")
    project = Project([config], {}, tmp_path)
    assert project.hooks("server") == ("f.G",)
    expected = {"TRIGLOT_HOOKS": "a.B,c.d.E", "TRIGLOT_HOOKS_PATH": str(tmp_path)}
    assert expected.items() <= project.environ.items()
    assert expected.items() <= project.own_environment().items()
    assert hooks.from_environment({}) == []


def test_a_call_and_an_answer_are_a_line_each_with_the_facts_that_there_are(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "triglot.calls")
    log, call = call_log.CallLog(), WorkerCall([BOTH], 0.0)
    log.call_ended(call, 0.00123)
    log.call_failed(call, ValueError("secret"), 2.0)
    log.request_answered(Answered("a", "predict", "m", 3, 1, "", 0.002))
    log.request_answered(Answered("b", "", "", 0, 0, "http", 0.001, "/a\nb", 404))
    lines = [TextLines().format(record).partition(": ")[2] for record in caplog.records]
    assert lines == [
        "[a,b m 3] called op=predict requests=2 rows=3 ms=1.23",
        "[a,b m 3] failed op=predict requests=2 rows=3 error=ValueError ms=2000.00",
        "[a m 3] answered op=predict rows=1 ms=2.00",
        r'[b] answered code=http path="/a\nb" status=404 ms=1.00',
    ]
