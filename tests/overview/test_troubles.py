"""What is wrong with a service is told with its remedy, which is the runbook's."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from triglot.overview.remedies import REMEDIES, kind_of, remedy
from triglot.overview.troubles import condition, troubles
from triglot.overview.value import Jobs, Model, Process, Trouble
from triglot.tally.cases import Held
from triglot.tally.lately import Lately
from triglot.tally.sums import Pace

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"
NOW = datetime(2026, 11, 30, 3, tzinfo=UTC)
PACE = {"seconds": 60.0, "requests": 0, "failed": 0, "codes": {}, "rows": 0, "calls": 0}


def model(name: str = "iris", **said: Any) -> Model:
    """Return a model of two versions, of which the second answers in one worker."""
    versions = [{"version": number, "proved": True} for number in (2, 1)]
    known = {"name": name, "active": 2, "answers": 2, "language": "r", "pool": "r", "workers": 1}
    return cast(Model, known | {"versions": versions, "lately": PACE} | said)


def process(program: str, **said: Any) -> Process:
    """Return a process that is well."""
    known = {"name": program, "program": program, "state": "running", "crash": None, "crashes": {}, "trouble": ""}
    return cast(Process, known | said)


def found(
    *models: Model,
    sick: Mapping[tuple[str, int], Lately] | None = None,
    held: Mapping[tuple[str, int], Held] | None = None,
    processes: tuple[Process, ...] = (),
    states: Mapping[str, int] | None = None,
    runner: bool = True,
    store_away: bool = False,
) -> list[Trouble]:
    """Return what is said of a service of these."""
    jobs: Jobs = {"states": states or {}, "newest": []}
    return troubles(models, sick or {}, held or {}, processes, jobs, runner=runner, store_away=store_away, at=NOW)


def test_every_remedy_stands_in_the_runbook() -> None:
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", RUNBOOK.read_text("utf-8").replace("`", "")).lower()

    assert [kind for kind, do in REMEDIES.items() if do.lower() not in text] == []


def test_of_a_service_that_is_well_nothing_is_told() -> None:
    assert found(model(), processes=(process("web"), process("workers-r:r-0"))) == []
    assert condition([], [model()]) == "well"


def test_a_version_that_fails_is_told_by_its_commonest_code_with_the_version_to_go_back_to() -> None:
    sick = {("iris", 2): Lately(60, Pace(2), {"deadline-exceeded": 1, "estimator-failed": 37})}

    (trouble,) = found(model(), sick=sick)

    assert (trouble["kind"], trouble["about"], trouble["count"], trouble["now"]) == (
        "estimator-failed",
        "iris",
        38,
        True,
    )
    assert trouble["what"] == (
        "version 2: 38 of 40 requests failed within the last minute (deadline-exceeded 1, estimator-failed 37)"
    )
    assert "triglot activate 1 iris;" in trouble["do"]
    assert condition([trouble], [model()]) == "degraded"


def test_a_version_that_drifts_is_told_by_its_columns_and_the_service_is_well() -> None:
    far = {"psi": 0.31, "missing": 0.5, "missing_in_training": 0.02, "unseen": 0.125, "drifts": True}
    columns = [{"name": name, **far} for name in ("age", "town", "tax", "day")]
    columns.append({"name": "steady", **far, "drifts": False})
    drift = {"profile": True, "seconds": 3600.0, "rows": 900, "least": 500, "columns": columns}

    (trouble,) = found(model(drift=drift))

    assert trouble["kind"] == "drift"
    assert trouble["what"].startswith(
        "version 2 is asked what its training does not look like: "
        "age (PSI 0.31, 50% missing, 2% in training, 12% unseen), town ("
    )
    assert trouble["what"].endswith(") and 1 more column; 900 rows looked at")
    assert "triglot fit iris" in trouble["do"]
    assert condition([trouble], [model()]) == "well"


def test_a_version_that_ends_workers_is_told_and_once_it_is_in_quarantine_why_and_what_releases_it() -> None:
    sick = {("iris", 2): Lately(60, Pace(9), {"poison-request": 2}, deaths=4)}

    (ends,) = found(model(), sick=sick)

    assert (ends["kind"], ends["count"]) == ("poison-request", 4)
    assert ends["what"] == "version 2: 4 workers that were answering it alone ended within the last minute"
    assert "triglot activate 1 iris;" in ends["do"]
    (kept,) = found(model(), sick=sick, held={("iris", 2): Held("requests to it have ended 6 workers", 29.5)})
    assert (kept["kind"], "triglot release iris" in kept["do"]) == ("version-quarantined", True)
    assert condition([kept], [model(quarantined={"cause": "it ends workers", "next_try_s": 300})]) == "unwell"
    assert kept["what"].endswith("requests to it have ended 6 workers; it is tried again in 30 s")


def test_a_version_that_does_not_load_is_told_with_its_cause_and_what_answers() -> None:
    refused = {"version": 3, "cause": "there is no package 'xgboost'", "tries": 4, "next_try_s": 8}

    (trouble,) = found(model(not_loadable=refused))

    assert trouble["what"] == (
        "version 3 is active and does not load: there is no package 'xgboost'; version 2 answers"
    )
    assert condition([trouble], [model()]) == "degraded"
    (trouble,) = found(silent := model(answers=None, workers=0, not_loadable=refused))
    assert trouble["what"].endswith("; no version answers")
    assert condition([trouble], [silent]) == "unwell"


def test_a_model_that_no_worker_has_is_told_and_makes_the_service_unwell() -> None:
    (trouble,) = found(silent := model(workers=0))

    assert (trouble["kind"], "doctor r tries" in trouble["do"]) == ("worker-unavailable", True)
    assert condition([trouble], [silent]) == "unwell"


def test_refusals_are_told_unless_the_version_is_told_of_already() -> None:
    busy = model(lately=PACE | {"codes": {"overloaded": 9}})

    (trouble,) = found(busy)

    assert (trouble["kind"], trouble["count"]) == ("overloaded", 9)
    assert "triglot scale r=N" in trouble["do"]
    assert len(found(busy, sick={("iris", 2): Lately(60, Pace(), {"overloaded": 9})})) == 1


def test_programs_that_are_down_the_store_and_jobs_without_a_runner_are_told() -> None:
    down = process("workers-r:r-0", trouble="has been given up: it ended at every start", state="down")

    told = found(processes=(down, process("jobs", state="down")), states={"queued": 2}, store_away=True)

    assert [trouble["kind"] for trouble in told] == ["program-down", "no-runner", "store-away"]
    assert "supervisorctl restart workers-r:r-0" in told[0]["do"]
    assert condition(told, []) == "unwell"
    (without,) = found(states={"queued": 1}, runner=False)
    assert without["do"] == "triglot jobs run carries them out"


def test_ends_of_the_last_hour_are_told_as_over_the_latest_first() -> None:
    def crashed(program: str, how: str, minutes: int) -> Process:
        at = (NOW - timedelta(minutes=minutes)).isoformat()
        return process(program, crash={"how": how, "at": at}, crashes={how: 3})

    told = found(
        processes=(
            crashed("workers-r:r-0", "exit code 71 (more memory in use than it may have)", 20),
            crashed("workers-python:python-0", "a signal", 2),
            crashed("workers-julia:julia-0", "exit code 1", 61),
        )
    )

    assert [(trouble["about"], trouble["kind"], trouble["now"]) for trouble in told] == [
        ("workers-python:python-0", "a signal", False),
        ("workers-r:r-0", "exit code 71", False),
    ]
    assert told[1]["what"].endswith("3 times since the service was started")
    assert condition(told, []) == "well"


@pytest.mark.parametrize(
    ("how", "kind"),
    [("exit code 7", "crash"), ("exit code 75 (a call)", "exit code 75"), ("right after its start", "crash")],
)
def test_an_end_that_is_not_known_is_a_crash(how: str, kind: str) -> None:
    assert kind_of(how) == kind


def test_a_model_s_name_in_a_remedy_is_one_word_of_a_shell() -> None:
    assert "triglot activate 1 'a; rm -rf b';" in remedy("estimator-failed", model="a; rm -rf b", number=1)
    assert remedy("a code that nobody knows") == REMEDIES["estimator-failed"]
