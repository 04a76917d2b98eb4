"""Letters: one effect of a request however often it comes, and the answer to a run once it is over."""

from triglot.store import ModelStore
from triglot.store.letters import Letter


def test_the_first_letter_of_a_key_stays(store: ModelStore) -> None:
    first = Letter("a", "orders", "digest", facts={"status": 200}, body=b"first")
    assert store.letters.known(["a"]) == {}
    assert store.letters.enter([first]) == {"a": first}
    second = Letter("b", "orders", "digest", body=b"second")
    found = store.letters.enter([Letter("a", "orders", "other", body=b"later"), second])
    assert found == {"a": first, "b": second}
    assert store.letters.known(["a", "b", "c"]) == found


def test_a_letter_is_due_when_its_job_is_over_and_for_one_sender_at_a_time(store: ModelStore) -> None:
    letters, jobs = store.letters, store.jobs
    jobs.submit("pipeline", {}, "orders:1")
    waiting = Letter("orders:1", "orders", "digest", waits=True, reply={"reply_to": "answers"})
    letters.enter([waiting])
    assert letters.due("orders") == []
    jobs.claim("runner")
    jobs.end("orders:1", "runner", "finished", "")
    assert letters.due("things") == []
    assert letters.due("orders") == [waiting]
    assert letters.due("orders") == []
    letters.done("orders:1", {"status": 200}, b"result")
    known = letters.known(["orders:1"])["orders:1"]
    assert (known.waits, known.facts, known.body) == (False, {"status": 200}, b"result")
