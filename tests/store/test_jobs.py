"""Jobs: each is there once, carried out by one runner at a time, and survives whoever began it."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from tests.helpers import PATIENCE_S
from triglot.artefact import Artefact
from triglot.errors import BadRequest, JobNotFound, ResultNotFound
from triglot.store import ModelStore, job_data, migrations
from triglot.store import jobs as of_jobs
from triglot.store.jobs import KEPT, LOST_AFTER_S, TRIES, JobStore
from triglot.store.recent_jobs import RecentJobs

Make = Callable[..., Artefact]
Open = Callable[..., ModelStore]
OTHER = Path(__file__).parent / "other_process.py"


@pytest.fixture
def jobs(store: ModelStore) -> JobStore:
    return store.jobs


@pytest.fixture
def silence(sql: sa.Engine) -> Callable[[str], None]:
    """Give the function that lets a job's runner have been silent for longer than runners may."""

    def silenced(job_id: str) -> None:
        before = (datetime.now(UTC) - timedelta(seconds=LOST_AFTER_S + 1)).isoformat(timespec="microseconds")
        with sql.begin() as connection:
            query = sa.text("UPDATE triglot_jobs SET beat = :before WHERE id = :id")
            assert connection.execute(query, {"before": before, "id": job_id}).rowcount == 1

    return silenced


def test_the_same_id_twice_is_one_job(jobs: JobStore) -> None:
    first = jobs.submit("fit", {"evaluate": True}, "night-7")
    again = jobs.submit("fit", {"evaluate": True}, "night-7")

    assert again == first
    assert (first.id, first.kind, first.parameters, first.state) == ("night-7", "fit", {"evaluate": True}, "queued")
    assert (first.started, first.finished, first.info) == (None, None, "")
    assert [job.id for job in jobs.list()] == ["night-7"]


def test_an_id_that_stands_for_another_job_is_refused(jobs: JobStore) -> None:
    jobs.submit("fit", {"evaluate": True}, "night-7")
    with pytest.raises(BadRequest, match="'night-7' is there already and is another one"):
        jobs.submit("fit", {"evaluate": False}, "night-7")
    with pytest.raises(BadRequest, match="'night-7' is there already"):
        jobs.submit("search", {"evaluate": True}, "night-7")


@pytest.mark.parametrize("job_id", ["a b", "a/b", "ä", "x" * 65, "%", "a\n"])
def test_an_id_that_cannot_stand_in_a_path_is_refused(jobs: JobStore, job_id: str) -> None:
    with pytest.raises(BadRequest, match="a job's id has 1 to 64 letters"):
        jobs.submit("fit", {}, job_id)
    assert jobs.list() == []


def test_jobs_without_an_id_are_several_and_are_taken_in_their_order(jobs: JobStore) -> None:
    ids = [jobs.submit("fit", {}).id for _ in range(5)]

    assert len(set(ids)) == 5
    assert [job.id for job in jobs.list(3)] == ids[:1:-1]
    assert [getattr(jobs.claim("one"), "id", None) for _ in range(6)] == [*ids, None]
    assert {job.state for job in jobs.list()} == {"running"}


def test_a_job_that_ended_says_what_came_of_it_and_is_not_taken_again(jobs: JobStore) -> None:
    job_id = jobs.submit("fit", {}).id
    taken = jobs.claim("one")
    assert taken is not None
    assert taken.started is not None
    jobs.end(job_id, "one", "finished", "Wrote model with version 1.\x00 \N{SNOWMAN}")

    ended = jobs.get(job_id)
    assert (ended.state, ended.info) == ("finished", "Wrote model with version 1.\x00 \N{SNOWMAN}")
    assert ended.finished is not None
    assert ended.created <= taken.started <= ended.finished
    assert jobs.claim("two") is None
    assert jobs.cancel(job_id).state == "finished"


def test_a_job_that_took_no_time_is_never_seen_by_a_runner(jobs: JobStore) -> None:
    done = jobs.record("update_model_cache")

    assert (done.state, done.kind) == ("finished", "update_model_cache")
    assert done.created == done.started == done.finished
    assert jobs.claim("one") is None


def test_unknown_jobs_are_named(jobs: JobStore) -> None:
    for ask in (jobs.get, jobs.cancel, jobs.result):
        with pytest.raises(JobNotFound, match="there is no job 'gone'"):
            ask("gone")


@pytest.mark.parametrize("job_id", ["a\0b", "\udcff", "x" * 100_000, "'; --", "\U0001f98b", ""])
def test_what_can_be_no_id_is_the_id_of_no_job_in_any_database(jobs: JobStore, job_id: str) -> None:
    for ask in (jobs.get, jobs.cancel, jobs.result):
        with pytest.raises(JobNotFound) as caught:
            ask(job_id)
        assert len(str(caught.value)) < 600


def test_eight_processes_that_take_forty_jobs_take_each_once(store: ModelStore, url: str) -> None:
    ids = [store.jobs.submit("fit", {"number": number}).id for number in range(40)]
    done = subprocess.run(
        [sys.executable, OTHER, "crowd", "8", "claim", url],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    taken = [line.split() for line in done.stdout.splitlines()]
    assert Counter(job_id for _, job_id in taken) == dict.fromkeys(ids, 1)
    assert len({runner for runner, _ in taken}) > 1
    assert {job.state for job in store.jobs.list()} == {"finished"}


def test_the_job_of_a_runner_that_is_lost_is_taken_over(jobs: JobStore, silence: Callable[[str], None]) -> None:
    job_id = jobs.submit("fit", {}).id
    jobs.claim("one")
    assert jobs.beat(job_id, "one")
    assert jobs.claim("two") is None

    silence(job_id)
    taken = jobs.claim("two")

    assert taken is not None
    assert taken.id == job_id
    # what the first one still says is of no account
    assert not jobs.beat(job_id, "one")
    jobs.end(job_id, "one", "error", "too late")
    jobs.give_back(job_id, "one")
    assert (jobs.get(job_id).state, jobs.get(job_id).info) == ("running", "")
    assert jobs.beat(job_id, "two")


def test_a_job_that_loses_runner_after_runner_is_given_up(jobs: JobStore, silence: Callable[[str], None]) -> None:
    job_id = jobs.submit("fit", {}).id
    for number in range(TRIES):
        assert jobs.claim(str(number)) is not None
        silence(job_id)
    assert jobs.claim("last") is None

    assert (jobs.get(job_id).state, jobs.get(job_id).info) == (
        "error",
        "given up: 3 runners were lost while they carried it out",
    )


def test_a_job_that_is_given_back_waits_again_however_often(jobs: JobStore) -> None:
    job_id = jobs.submit("fit", {}).id
    for number in range(TRIES + 2):
        assert jobs.claim(str(number)) is not None
        jobs.give_back(job_id, str(number))
        assert (jobs.get(job_id).state, jobs.get(job_id).started) == ("queued", None)
    assert jobs.claim("last") is not None


def test_a_job_that_waits_is_cancelled_at_once(jobs: JobStore) -> None:
    job_id = jobs.submit("fit", {}).id

    assert jobs.cancel(job_id).state == "cancelled"
    assert jobs.get(job_id).finished is not None
    assert jobs.claim("one") is None


def test_a_job_that_runs_is_cancelled_by_its_runner(jobs: JobStore) -> None:
    job_id = jobs.submit("fit", {}).id
    jobs.claim("one")

    assert jobs.cancel(job_id).state == "cancelling"
    assert not jobs.beat(job_id, "one")
    assert jobs.claim("two") is None
    jobs.end(job_id, "one", "cancelled", "")
    assert jobs.get(job_id).state == "cancelled"


def test_a_job_to_be_cancelled_is_not_begun_again(jobs: JobStore, silence: Callable[[str], None]) -> None:
    lost, returned = (jobs.submit("fit", {}, given=b"rows").id for _ in range(2))
    for _ in range(2):
        jobs.claim("one")
    jobs.cancel(lost)
    jobs.cancel(returned)
    jobs.give_back(returned, "one")
    silence(lost)

    assert jobs.claim("two") is None
    assert {jobs.get(lost).state, jobs.get(returned).state} == {"cancelled"}
    assert (jobs.given(lost), jobs.given(returned)) == (None, None)


def test_old_jobs_that_ended_are_forgotten_and_others_never(
    jobs: JobStore, sql: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert KEPT >= 100
    monkeypatch.setattr(of_jobs, "KEPT", 5)
    running, waiting = (jobs.submit("fit", {}, name).id for name in ("running", "waiting"))
    jobs.claim("one")
    ended = [jobs.record("update_model_cache").id for _ in range(8)]

    assert {job.id for job in jobs.list()} == {running, waiting, *ended[-5:]}
    with sql.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM triglot_jobs")).scalar_one() == 7


def test_the_newest_jobs_are_known_without_waiting_for_the_database(jobs: JobStore, store: ModelStore) -> None:
    recent = RecentJobs(jobs)
    job_id = jobs.submit("fit", {}).id
    assert [job.id for job in recent.newest()] == [job_id]

    nowhere = RecentJobs(ModelStore("postgresql://someone@127.0.0.1:1/models?connect_timeout=5").jobs)
    assert nowhere.newest() == []


def test_a_job_writes_one_version_of_a_model_however_often_it_is_begun(
    store: ModelStore, open_store: Open, artefact: Make
) -> None:
    first = store.write("iris", artefact(b"first"), metadata={"job": "night_7"})

    assert open_store().write("iris", artefact(b"again"), metadata={"job": "night_7"}) == first
    assert store.read("iris", first).artefact.blob == b"first"
    assert store.write("iris", artefact(b"other"), metadata={"job": "night-7", "of": "night_7"}) == first + 1
    assert store.write("tooth", artefact(), metadata={"job": "night_7"}) == 1
    assert store.write("iris", artefact(), metadata={"about": "night_7"}) == first + 2
    assert [info.version for info in store.list("iris")] == [1, 2, 3]


def test_many_processes_that_write_for_one_job_write_one_version(store: ModelStore, url: str) -> None:
    store.upgrade()
    done = subprocess.run(
        [sys.executable, OTHER, "crowd", "6", "write-for-job", url, "iris", "night-7"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["1"] * 6
    assert [info.version for info in store.list("iris")] == [1]


def test_a_store_from_before_there_were_jobs_keeps_what_it_has(
    open_store: Open, sql: sa.Engine, artefact: Make, url: str
) -> None:
    old = open_store()
    old.upgrade()
    version = old.write("iris", artefact(b"kept"), metadata={"author": "somebody"})
    old.activate("iris", version)
    with sql.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        for table in ("triglot_letters", "triglot_schedules", "triglot_job_data", "triglot_jobs"):
            connection.execute(sa.text(f"DROP TABLE {table}"))
        command.stamp(config, "0001", purge=True)
    assert "triglot_jobs" not in sa.inspect(sql).get_table_names()

    new = open_store()
    job_id = new.jobs.submit("fit", {}).id

    assert new.properties()["schema_revision"] == migrations.HEAD
    assert new.read("iris").artefact == artefact(b"kept")
    assert new.info("iris").metadata == {"author": "somebody"}
    assert new.jobs.get(job_id).state == "queued"


def test_what_a_job_was_given_is_there_until_it_is_over(jobs: JobStore) -> None:
    given = bytes(range(256)) * 10_000  # more than a piece
    job = jobs.submit("pipeline", {}, "rows", given)
    assert jobs.submit("pipeline", {}, "rows", given) == job
    assert jobs.claim("a") is not None
    assert jobs.given("rows") == given
    jobs.end("rows", "a", "finished", "")
    assert (jobs.given("rows"), jobs.given("nowhere")) == (None, None)


def test_progress_and_result_are_those_of_the_try_that_came_to_an_end(
    jobs: JobStore, silence: Callable[[str], None]
) -> None:
    jobs.submit("pipeline", {}, "run")
    jobs.note("run", {"step": "early"})
    assert jobs.get("run").progress is None
    assert jobs.claim("a") is not None
    jobs.note("run", {"step": "load", "rows": 7})
    jobs.keep_result("run", {"kind": "csv"}, b"half")
    assert jobs.beat("run", "a", "said so far")
    assert (jobs.get("run").progress, jobs.get("run").info) == ({"step": "load", "rows": 7}, "said so far")
    silence("run")
    taken = jobs.claim("b")
    assert taken is not None
    assert (taken.progress, taken.result) == (None, None)
    with pytest.raises(ResultNotFound, match="is not over: running"):
        jobs.result("run")
    jobs.keep_result("run", {"kind": "csv", "rows": 2}, b"")
    jobs.end("run", "b", "finished", "done")
    assert jobs.get("run").result == {"kind": "csv", "rows": 2, "bytes": 0}
    assert list(jobs.result("run")) == [b""]
    jobs.keep_result("run", {"kind": "csv"}, b"late")
    assert list(jobs.result("run")) == [b""]


def test_results_beyond_what_is_kept_make_room_for_newer_ones(jobs: JobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_data, "KEPT_BYTES", 25)
    for name in ("one", "two", "three"):
        jobs.submit("pipeline", {}, name)
        assert jobs.claim("a") is not None
        jobs.keep_result(name, {"kind": "csv"}, b"0123456789")
        jobs.end(name, "a", "finished", "")
    with pytest.raises(ResultNotFound, match="'one' is gone, as newer ones needed the room"):
        jobs.result("one")
    assert [b"".join(jobs.result(name)) for name in ("two", "three")] == [b"0123456789"] * 2
    assert [job.id for job in jobs.ended(["one", "three", "nowhere"])] == ["one", "three"]


def test_a_due_time_of_a_schedule_is_one_job_and_those_before_it_are_none(jobs: JobStore) -> None:
    now = datetime(2026, 11, 30, 3, tzinfo=UTC)
    assert jobs.scheduled("nightly") is None
    jobs.begin_schedules(["nightly"], now)
    jobs.begin_schedules(["nightly"], now + timedelta(days=9))
    assert jobs.scheduled("nightly") == now
    assert jobs.schedule("nightly", now, "fit", {}, "nightly:1") is None
    later = jobs.schedule("nightly", now + timedelta(days=1), "fit", {}, "nightly:2")
    assert later is not None
    assert later.id == "nightly:2"
    assert jobs.schedule("nightly", now + timedelta(days=1), "fit", {}, "nightly:2") is None
    assert jobs.scheduled("nightly") == now + timedelta(days=1)
