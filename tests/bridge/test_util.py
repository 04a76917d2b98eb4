"""Small things: timers, arguments, sessions, jobs of a process, and what a process keeps."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from triglot.config import note_config, read_config
from triglot.process_store import ProcessStore, process_store
from triglot.util import Partial, apply_kwargs, get_metadata, memory_usage, run_job, session_scope, timer


def test_a_timer_says_what_begins_and_how_long_it_took() -> None:
    said: list[str] = []
    with timer(said.append, "Loading data"):
        said.append("(loading)")
    assert said[:2] == ["Loading data...", "(loading)"]
    assert said[2].startswith("Loading data done in 0.0")
    assert said[2].endswith(" sec.")
    with timer():
        pass


def test_only_arguments_that_a_function_takes_are_given() -> None:
    def few(a: int, *, c: int = 0) -> tuple[int, int]:
        return a, c

    assert apply_kwargs(few, a=1, b=2, c=3) == (1, 3)
    assert apply_kwargs(lambda **kwargs: kwargs, a=1, b=2) == {"a": 1, "b": 2}


def test_partial_takes_dotted_names_and_keeps_the_name() -> None:
    assert Partial("builtins.sorted", reverse=True)([1, 3, 2]) == [3, 2, 1]
    assert Partial(sorted, reverse=True).__name__ == "sorted"  # type: ignore[attr-defined]


def test_a_session_is_one_transaction(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'x.db'}")
    with session_scope(Session(engine)) as session:
        session.execute(text("create table t (x int)"))
        session.execute(text("insert into t values (1)"))

    def fails() -> None:
        with session_scope(Session(engine)) as session:
            session.execute(text("insert into t values (2)"))
            raise KeyError("no")

    with pytest.raises(KeyError):
        fails()
    with session_scope(Session(engine)) as session:
        assert session.execute(text("select x from t")).scalars().all() == [1]
    engine.dispose()


def test_memory_is_told_in_mib() -> None:
    resident, virtual = memory_usage()
    assert 5 < resident < virtual


def test_a_job_tells_how_it_went() -> None:
    good, good_id = run_job(lambda a: a + 1, a=1)
    bad, bad_id = run_job(lambda: 1 / 0)
    good.join()
    bad.join()
    jobs = process_store["process_metadata"]["jobs"]
    assert (jobs[good_id]["status"], jobs[good_id]["info"]) == ("finished", "2")
    assert jobs[bad_id]["status"] == "error"
    assert "ZeroDivisionError" in jobs[bad_id]["info"]
    assert jobs[good_id].keys() == {"func", "started", "status", "thread", "info"}


def louder(func: Any) -> Any:
    return lambda *args, **kwargs: {**func(*args, **kwargs), "loud": True}


def test_metadata_has_the_services_own_and_is_a_point(tmp_path: Path) -> None:
    assert get_metadata() == {"status": "OK", "error_code": 0}
    (tmp_path / "c.py").write_text(
        f"{{'service_metadata': {{'service_name': 's'}}, 'get_metadata_decorators': ['{__name__}.louder']}}"
    )
    note_config(read_config([tmp_path / "c.py"], {}))
    assert get_metadata(3, "no", "ERROR") == {
        "status": "ERROR",
        "error_code": 3,
        "error_message": "no",
        "service_name": "s",
        "loud": True,
    }


def test_a_process_store_knows_when_each_value_was_set() -> None:
    store = ProcessStore(process_metadata={})
    before = datetime.now()
    store["data"] = 1
    assert before <= store.mtime["data"] <= datetime.now()
    assert store.get("nothing") is None
    assert dict(store) == {"process_metadata": {}, "data": 1}
    del store["data"]
    assert list(store.mtime) == ["process_metadata"]
