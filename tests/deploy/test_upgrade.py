"""An upgrade behind nginx: no request is lost, and what goes wrong leaves everything as it was."""

import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.deploy import front
from tests.deploy.callers import Callers
from tests.deploy.described import deployment
from tests.functional.running import folder, free_port
from tests.helpers import PATIENCE_S, until
from triglot.deploy import nginx
from triglot.deploy.backend import BackEnd, Question, UpgradeFailed, same
from triglot.deploy.nginx import Address, Front
from triglot.deploy.upgrade import NOTHING, Nginx, Upgrade
from triglot.errors import ConfigError

BACK_END = Path(__file__).parent / "backend.py"
SHELL = f'exec {sys.executable} -S {BACK_END} "$TRIGLOT_RUN_DIR/supervisord.conf" "$@"'


def serves(what: str) -> tuple[str, ...]:
    """Return the command of a back end that answers `what`."""
    return ("sh", "-c", SHELL, "backend", what)


@dataclass
class Site:
    """A folder with a configuration of nginx, its file of back ends, and the run directories of those."""

    place: Path
    port: int = field(default_factory=free_port)
    told: list[str] = field(default_factory=list)
    started: list[BackEnd] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.place.chmod(0o755)
        self.config, self.upstream = self.place / "nginx.conf", self.place / "iris.upstream"
        self.folder = self.place / "run"
        self.folder.mkdir(mode=0o700)
        at = Front(Address("127.0.0.1", self.port), upstream=str(self.upstream), state=str(self.place))
        self.config.write_text(nginx.configuration(deployment(), at))

    def upgrade(self, what: str, **more: Any) -> BackEnd:
        """Put a back end that answers `what` behind nginx."""
        self.started.append(self.wanted(what, **more).run())
        return self.started[-1]

    def wanted(self, what: str, **more: Any) -> Upgrade:
        """Return the upgrade to a back end that answers `what`."""
        made = Upgrade(
            upstream=self.upstream,
            nginx=Nginx(self.config),
            folder=self.folder,
            cwd=self.place,
            question=Question("/predict"),
            command=serves(what),
            environ=dict(os.environ),
            expect=[what, 0.5],
            load_s=PATIENCE_S,
            drain_s=PATIENCE_S,
            stop_s=PATIENCE_S,
            tell=self.told.append,
        )
        return replace(made, **more)

    def running(self) -> list[BackEnd]:
        """Return the back ends that run."""
        found = [BackEnd(Address("127.0.0.1", int(each.name)), self.folder) for each in self.folder.glob("[0-9]*")]
        return [each for each in found if each.pid() is not None]

    def close(self) -> None:
        """End every back end; they are children of this process."""
        for each in self.started:
            each.stop(PATIENCE_S)


@pytest.fixture
def site() -> Iterator[Site]:
    """Hold a site whose nginx runs, before a first back end that answers `one`."""
    front.nginx()
    with folder() as place:
        made = Site(place)
        made.upgrade("one")
        assert made.told[-1] == f"nginx does not run yet; start it: nginx -c {made.config}"
        try:
            with front.running(made.config):
                until(lambda: Nginx(made.config).master is not None)
                yield made
        finally:
            made.close()


def answered(site: Site) -> Any:
    return Question("/predict").ask(f"http://127.0.0.1:{site.port}")


def test_no_request_is_lost_while_back_ends_take_each_others_place(site: Site) -> None:
    with Callers(site.port, "/predict", each=4) as callers:
        for what in ("two", "three", "four"):
            new = site.upgrade(what, front=f"http://127.0.0.1:{site.port}")
            callers.after(50)
            assert [each.address for each in site.running()] == [new.address]
            assert answered(site) == [what, 0.5]
    assert callers.failures == []
    assert {answer["result"][0] for answer in callers.answers} == {"one", "two", "three", "four"}
    assert site.upstream.read_text() == f"server {new.address} max_fails=0;\n"
    assert site.told[-1].endswith("has drained and ended")
    assert sorted(each.name for each in site.folder.iterdir()) == [str(new.address.port), "service.log"]


def refused(site: Site, what: str, **more: Any) -> str:
    """Return what is said against an upgrade that leaves everything as it was."""
    before, there = site.upstream.read_text(), [each.address for each in site.running()]
    with pytest.raises(UpgradeFailed) as error:
        site.upgrade(what, **more)
    assert site.upstream.read_text() == before
    assert [each.address for each in site.running()] == there
    assert answered(site) == ["one", 0.5]
    return str(error.value)


def test_an_answer_that_was_not_expected_is_not_put_before_anybody(site: Site) -> None:
    said = refused(site, "two", expect=["other", 0.5])
    assert "answers ['two', 0.5], and ['other', 0.5] was expected; nothing was switched" in said


def test_without_an_expectation_the_new_one_must_answer_as_the_old_one_does(site: Site) -> None:
    assert "['one', 0.5] was expected" in refused(site, "two", expect=NOTHING)
    (old,) = site.running()
    new = site.upgrade("one", expect=NOTHING)
    assert new.address != old.address
    assert "it answers ['one', 0.5], as expected" in site.told
    os.kill(new.pid() or 0, signal.SIGKILL)
    with pytest.raises(UpgradeFailed, match=r"the old back end cannot be compared with: .* say what to --expect"):
        site.upgrade("one", expect=NOTHING)


def test_a_back_end_that_ends_or_is_never_ready_is_told_of_with_its_last_words(site: Site) -> None:
    assert "ended at once; its last words:\nthere is no such model" in refused(site, "broken")
    assert "is not ready after 0.5 s" in refused(site, "sick", load_s=0.5)


def test_what_answers_no_prediction_confirms_nothing(site: Site) -> None:
    assert "answers no prediction; ask for /predict" in refused(site, "two", question=Question("/alive"))


def test_a_configuration_that_nginx_refuses_changes_nothing(site: Site) -> None:
    good = site.config.read_text()
    site.config.write_text(good.replace("keepalive 32;", "keepalive many;"))
    try:
        assert 'invalid value "many"' in refused(site, "two")
    finally:
        site.config.write_text(good)


def test_where_nginx_does_not_answer_for_the_new_back_end_all_is_switched_back(site: Site) -> None:
    said = refused(site, "two", front=f"http://127.0.0.1:{free_port()}")
    assert "does not answer" in said


def test_where_nginx_brings_another_answer_all_is_switched_back(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("triglot.deploy.upgrade.RELOAD_S", 0.3)
    (old,) = site.running()
    assert "answers ['one', 0.5], and the new back end ['two', 0.5]" in refused(site, "two", front=old.url)


def test_an_nginx_that_takes_its_back_ends_from_elsewhere_is_left_alone(site: Site) -> None:
    site.config.write_text(site.config.read_text().replace("iris.upstream;", "other.upstream;"))
    (site.place / "other.upstream").write_text(site.upstream.read_text())
    assert "nginx does not take its back ends from" in refused(site, "two")


def test_two_upgrades_at_once_are_refused(site: Site) -> None:
    with (site.place / ".iris.upstream.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "another upgrade of" in refused(site, "two")


def test_a_back_end_of_somebody_elses_is_left_alone(site: Site) -> None:
    (old,) = site.running()
    pid_file = old.run_dir / "supervisord.pid"
    told = pid_file.read_text()
    pid_file.unlink()
    new = site.upgrade("two")
    assert f"the back end on {old.address} is not one of {site.folder}: stop it yourself" in site.told
    assert answered(site) == ["two", 0.5]
    pid_file.write_text(told)
    assert {each.address for each in site.running()} == {old.address, new.address}


def test_a_back_end_that_does_not_drain_is_ended(site: Site) -> None:
    (old,) = site.running()
    pid = old.pid()
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    site.upgrade("two", stop_s=0.3)
    assert old.pid() is None
    assert answered(site) == ["two", 0.5]


def test_an_nginx_that_does_not_run_is_asked_for_where_there_is_something_to_lose() -> None:
    with folder() as place:
        site = Site(place)
        try:
            site.upgrade("one")
            with pytest.raises(UpgradeFailed, match="nginx does not run; start it first"):
                site.upgrade("two")
            assert len(site.running()) == 1
        finally:
            site.close()
        with pytest.raises(ConfigError, match=r"--nginx-config .* No such file"):
            Nginx(place / "nothing.conf")


def test_nginx_is_found_by_a_configuration_whose_comments_are_of_another_encoding(tmp_path: Path) -> None:
    pid = tmp_path / "nginx.pid"
    config = tmp_path / "nginx.conf"
    config.write_bytes(f"# caf\u00e9\npid {pid};\n".encode("latin-1"))
    pid.write_text(str(os.getpid()))
    assert Nginx(config).master is None  # the process is there, and no nginx


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (["a", 1.0], ["a", 1.0 + 1e-9], True),
        ([0.5], [0.51], False),
        ({"a": [1]}, {"a": [1.0]}, True),
        ({"a": 1}, {"b": 1}, False),
        ("1", 1, False),
        ([1], [1, 2], False),
        (None, 0, False),
    ],
)
def test_results_are_the_same_apart_from_the_last_digits(one: Any, other: Any, alike: bool) -> None:
    assert same(one, other) is alike
