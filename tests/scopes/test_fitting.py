"""Fits of scopes as users run them: real commands, real workers, what fails among what does not, and what was ended."""

import csv
import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.running import environment, folder, quick
from tests.helpers import PATIENCE_S, require, until
from triglot.engines.choosing import Wanted
from triglot.errors import StoreError
from triglot.project import Project
from triglot.scopes import elsewhere
from triglot.scopes.fitting import FitOfScope, leave
from triglot.scoring.parts import Done
from triglot.store import ModelStore

AUTHORS = Path(__file__).parent / "authors"
LOADER = """{'models': {
    'line': {'model': {'!': 'shops.Line'}, 'dataset_loader_train': {'!': 'shops.Sales'}},
}}"""


@pytest.fixture
def here() -> Iterator[Path]:
    """Hold a folder of an author's."""
    with folder() as made:
        yield made
        leave()


def configured(here: Path, text: str, *files: str) -> None:
    (here / "triglot-config.py").write_text(text)
    for name in files:
        shutil.copy(AUTHORS / name, here)


def scopes(here: Path, *lines: str, columns: str = "shop") -> None:
    (here / "shops.csv").write_text("\n".join([columns, *lines]) + "\n")


def stored(here: Path) -> dict[str, list[tuple[int, tuple[str, ...]]]]:
    """Return the versions of each model, with their aliases."""
    store = ModelStore(f"sqlite:///{here / 'triglot.db'}")
    found: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
    for info in store.list():
        found.setdefault(info.model, []).append((info.version, info.aliases))
    store.close()
    return found


def failed(here: Path) -> dict[str, str]:
    """Return why each scope has failed."""
    with (here / "shops.failed.csv").open(newline="") as file:
        return {row["shop"]: row["why it failed"] for row in csv.DictReader(file)}


NUMBERED = """{'models': {'line': {
    'model': {'!': 'sklearn.linear_model.LinearRegression'}, 'dataset_loader_train': {'!': 'shops.Numbered'},
}}}"""
AND_THEN = "and they stay so; run the same command again, and it goes on there"
ACTIVE = [(1, ("active",))]


def test_what_fails_is_listed_with_its_reason_and_can_be_repeated_and_all_others_are_active(here: Path) -> None:
    configured(here, LOADER, "shops.py")
    scopes(here, "tea", "closed", "poison", "a/b")

    done = quick("fit", "--scopes", "shops.csv", "--workers", "2", "line", cwd=here)

    assert done.returncode == 1, done.stderr
    assert stored(here) == {"line/tea": ACTIVE, "line/a%2Fb": ACTIVE}
    reasons = failed(here)
    assert reasons.keys() == {"closed", "poison"}
    assert reasons["closed"] == "RuntimeError: closed for ever"
    assert "was ended by SIGKILL" in reasons["poison"]
    assert "It was tried 2 times" in reasons["poison"]
    assert "2 of 4 fitted, 2 failed" in done.stderr
    assert not list(here.glob("*.run")), "the run is over"

    (here / "open").touch()
    again = quick("fit", "--scopes", "shops.failed.csv", "line", cwd=here)

    assert again.returncode == 0, again.stderr
    assert stored(here) == {f"line/{shop}": ACTIVE for shop in ("tea", "a%2Fb", "closed", "poison")}
    assert not (here / "shops.failed.csv").exists()

    shown = quick("list", cwd=here).stdout
    assert "line/..." in shown
    assert "4 scopes, 4 active" in shown
    assert len(shown.splitlines()) == 2
    listed = quick("list", "--scopes", "line", cwd=here).stdout
    assert [line.split()[0] for line in listed.splitlines()[1:]] == sorted(stored(here))


def test_what_is_remarked_of_each_scope_is_said_once_with_their_number(here: Path) -> None:
    configured(here, NUMBERED, "shops.py")
    scopes(here, "tea", "milk", "a/b")

    done = quick("fit", "--scopes", "shops.csv", "--workers", "2", "line", cwd=here)

    assert done.returncode == 0, done.stderr
    (said,) = [line for line in done.stderr.splitlines() if "WARNING" in line]
    assert said.startswith("WARNING:triglot:line: column 'week' has another value in each of 2")
    assert re.search(r" \(3 of 3 scopes, such as (tea|milk|a%2Fb)\)$", said)
    alone = quick("fit", "--scopes", "shops.csv", "line", cwd=here)
    assert alone.stderr.count("WARNING") == 1


def test_a_folder_where_a_run_cannot_be_noted_and_a_file_that_is_none_are_told_in_a_line(here: Path) -> None:
    configured(here, LOADER, "shops.py")
    scopes(here, "tea")
    (here / "shops.line.run").mkdir()
    done = quick("fit", "--scopes", "shops.csv", "line", cwd=here)
    told = "'shops.line.run' cannot be written: Is a directory; run the command in a folder that you may write to"
    assert (done.returncode, done.stderr) == (1, f"triglot: {told}\n")
    (here / "shops.csv").write_text("shop,region\ntea,\n")
    done = quick("fit", "--scopes", "shops.csv", "line", cwd=here)
    told = "triglot: scopes 'shops.csv': line 2: region: a value is empty; write what stands for nothing\n"
    assert (done.returncode, done.stderr) == (1, told)
    done = quick("fit", "--scopes", ".", "line", cwd=here)
    assert (done.returncode, "'--scopes': File '.' is a directory." in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("by", "said"),
    [
        (signal.SIGKILL, ""),
        (signal.SIGINT, f"triglot: ended by Ctrl-C: 2 of 3 fitted, {AND_THEN}\n"),
    ],
)
def test_a_run_that_was_ended_goes_on_and_does_nothing_twice(here: Path, by: signal.Signals, said: str) -> None:
    configured(here, LOADER, "shops.py")
    scopes(here, "tea", "milk", "slow")
    command = [sys.executable, "-m", "triglot", "fit", "--scopes", "shops.csv", "--workers", "1", "line"]
    with subprocess.Popen(
        command, cwd=here, env=environment(), stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        assert any("line: 2 of 3 fitted" in line for line in running.stderr or ())
        os.killpg(running.pid, by)  # as a terminal does
        assert running.communicate(timeout=PATIENCE_S)[1] == said
    assert stored(here) == {"line/tea": ACTIVE, "line/milk": ACTIVE}

    (here / "go").touch()
    until(lambda: not others(here))  # all that it started ends with it
    done = quick("fit", "--scopes", "shops.csv", "--workers", "1", "line", cwd=here)

    assert done.returncode == 0, done.stderr
    assert "1 of 3 fitted, 2 before this command" in done.stderr
    assert stored(here) == {f"line/{shop}": ACTIVE for shop in ("tea", "milk", "slow")}


def test_an_engine_has_scopes_fitted_as_parts_of_its_work(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configured(here, LOADER, "shops.py")
    monkeypatch.chdir(here)
    monkeypatch.setattr(sys, "path", list(sys.path))
    work = FitOfScope.of(Project((), environment(), here), "line", "one run")
    sent = pickle.loads(pickle.dumps(elsewhere.FitOfPart(work)))
    assert (sent, sent.work.environ) == (elsewhere.FitOfPart(work), work.environ)

    shops = [{"shop": shop} for shop in ("tea", "closed", "tea")]
    outcomes = list(elsewhere.spread(work, shops, "local", Wanted(1, {})))

    assert [(each.values["shop"], each.version, each.before) for each in outcomes] == [
        ("tea", 1, False),
        ("closed", None, False),
        ("tea", 1, True),
    ]
    assert outcomes[1].failure == "RuntimeError: closed for ever"
    assert stored(here) == {"line/tea": ACTIVE}
    (here / "triglot-config.py").write_text(NUMBERED)
    work = FitOfScope.of(Project((), environment(), here), "line", "another run")
    (outcome,) = elsewhere.spread(work, [{"shop": "milk"}], "local", Wanted(1, {}))
    assert [line.split(":")[0] for line in outcome.warnings] == ["column 'week' has another value in each of 24 rows"]
    told = Done((0, 0), told=outcome.warnings)
    assert Done.from_json(json.loads(json.dumps(told.to_json()))) == told


def count(here: Path) -> int:
    try:
        return len(stored(here)) if (here / "triglot.db").exists() else 0
    except StoreError:  # it is being made
        return 0


def others(here: Path) -> list[str]:
    """Return the processes that work in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve(strict=True) == here.resolve():
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found


@pytest.mark.parametrize(
    ("language", "files", "entry"),
    [
        (
            "r",
            "shops.R",
            "{'model': {'!': 'triglot.estimators.RRegressor', 'script': 'shops.R'}, "
            "'dataset_loader_train': {'!': 'triglot.foreign.RDataset', 'script': 'shops.R'}}",
        ),
        (
            "julia",
            "Shops.jl",
            "{'model': {'!': 'triglot.estimators.JuliaRegressor', 'script': 'Shops.jl', 'fit_function': 'Shops.fit'}, "
            "'dataset_loader_train': {'!': 'triglot.foreign.JuliaDataset', 'script': 'Shops.jl', "
            "'function': 'Shops.dataset'}}",
        ),
    ],
)
def test_r_and_julia_get_the_values_by_name_and_one_worker_fits_all(
    language: str, files: str, entry: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require(language)
    configured(here, entry, files)
    monkeypatch.chdir(here)
    work = FitOfScope.of(Project((), environment(), here), "model", "one run")

    outcomes = [work({"shop": shop, "region": region}) for shop in ("tea", "milk") for region in ("north", "south")]

    assert [(each.version, each.failure) for each in outcomes] == [(1, "")] * 4
    assert set(stored(here)) == {
        "model/tea/north",
        "model/tea/south",
        "model/milk/north",
        "model/milk/south",
    }
    assert work({"shop": "tea", "region": "north"}).before
    store = ModelStore(f"sqlite:///{here / 'triglot.db'}")
    golden = {info.model: info.card.golden for info in store.list()}
    assert not [info.model for info in store.list() if "profile" in info.card]
    store.close()
    assert golden["model/tea/north"] is not None
    assert golden["model/milk/south"] is not None
    tea, milk = (golden[f"model/{shop}/north"].answers[:, 0] for shop in ("tea", "milk"))
    assert (milk > tea).all()
