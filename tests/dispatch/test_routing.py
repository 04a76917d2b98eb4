import pytest
from hypothesis import given
from hypothesis import strategies as st

from triglot.dispatch.routing import APART, MAX_PROVEN_DEATHS, History, WorkerView, choose, history_after
from triglot.errors import (
    ArtefactNeeded,
    BadRequest,
    DeadlineExceeded,
    Overloaded,
    PoisonRequest,
    TableNeeded,
    TriglotError,
    WorkerLost,
)
from triglot.protocol.messages import Op, Request
from triglot.transport.discovery import Endpoint

HELD = ("m", 1, "ab")


def view(
    name: str = "w", *, language: str = "r", alive: bool = True, draining: bool = False, **more: object
) -> WorkerView:
    endpoint = Endpoint(name, language, f"ipc:///{name}", f"ipc:///{name}.control", incarnation="1")
    return WorkerView(endpoint, alive, draining, **more)  # type: ignore[arg-type]


def test_a_worker_of_a_group_is_asked_for_the_group_alone_and_in_its_language() -> None:
    shared = view("r-0")
    apart = WorkerView(Endpoint("r-iris-0", "r", "", "", group="iris"), True)
    julia = WorkerView(Endpoint("julia-iris-0", "julia", "", "", group="iris"), True)
    every = [apart, julia, shared]
    assert [choose(every, pool, HELD, IDLE) for pool in ("r", "r-iris", "julia-iris")] == [shared, apart, julia]
    assert choose(every, "r-tooth", HELD, IDLE) is None
    with pytest.raises(Overloaded):  # the shared worker is no sibling of one that is full
        history_after(Overloaded("full"), Request(op="predict", id="1", model="m"), apart, History(), every)


views = st.lists(
    st.builds(
        view,
        st.sampled_from("abcdef"),
        language=st.sampled_from(["r", "julia"]),
        alive=st.booleans(),
        draining=st.booleans(),
        holds=st.sampled_from([frozenset(), frozenset({HELD})]),
    ),
    unique_by=lambda found: found.id,
)
ids = st.sampled_from([(name, "1") for name in "abcdef"])
workers = st.frozensets(ids)
loads = st.dictionaries(ids, st.integers(1, 5))
IDLE: dict[tuple[str, str], int] = {}


@given(views, workers)
def test_the_dead_the_draining_and_the_foreign_are_never_chosen(found: list[WorkerView], avoid: frozenset) -> None:  # type: ignore[type-arg]
    chosen = choose(found, "r", HELD, IDLE, avoid)
    fit = [w for w in found if w.endpoint.language == "r" and w.alive and not w.draining]
    if chosen is None:
        assert not fit
    else:
        assert chosen in fit


@given(views, workers)
def test_a_worker_that_failed_the_request_is_chosen_only_where_there_is_no_other(
    found: list[WorkerView],
    avoid: frozenset,  # type: ignore[type-arg]
) -> None:
    chosen = choose(found, "r", HELD, IDLE, avoid)
    if chosen is not None and chosen.id in avoid:
        assert all(w.id in avoid for w in found if w.endpoint.language == "r" and w.alive and not w.draining)


@given(views, loads)
def test_nobody_with_less_to_do_who_holds_the_version_is_passed_by(
    found: list[WorkerView], outstanding: dict[tuple[str, str], int]
) -> None:
    chosen = choose(found, "r", HELD, outstanding)
    for other in found:
        if chosen and other.endpoint.language == "r" and other.alive and not other.draining and HELD in other.holds:
            assert outstanding.get(chosen.id, 0) <= outstanding.get(other.id, 0)


def test_holding_the_version_is_worth_two_requests() -> None:
    holding, other = view("busy", holds=frozenset({HELD})), view("other")
    assert choose([holding, other], "r", HELD, {holding.id: 2, other.id: 1}) is holding
    assert choose([holding, other], "r", HELD, {holding.id: 3}) is other


def test_where_nobody_is_there_nobody_is_chosen() -> None:
    assert choose([], "r", HELD, IDLE) is None
    assert choose([view(language="julia")], "r", HELD, IDLE) is None


events = st.lists(st.tuples(st.sampled_from(["death", "refusal"]), st.booleans(), st.sampled_from("abc")), max_size=12)


@given(events)
def test_a_request_that_never_started_alone_is_never_blamed(found: list[tuple[str, bool, str]]) -> None:
    history = History()
    for kind, _, name in found:
        before = history
        history = history.after_death((name, "1"), False) if kind == "death" else history.after_refusal((name, "1"))
        assert history.avoid == before.avoid | {(name, "1")}
    assert history.proven == 0
    assert not history.is_poison


@given(events)
def test_only_deaths_after_a_notice_that_it_works_alone_are_proof(found: list[tuple[str, bool, str]]) -> None:
    history, proven = History(), 0
    for kind, started, name in found:
        if kind == "death":
            proven += started and history.alone
            history = history.after_death((name, "1"), started)
        else:
            history = history.after_refusal((name, "1"))
        assert history.proven == proven
        assert history.is_poison == (proven >= MAX_PROVEN_DEATHS)
        assert history.alone == (history.deaths > 0)


def test_a_request_that_is_apart_is_alone_from_the_first_try_on_and_its_first_death_is_proof() -> None:
    assert APART.alone
    assert (APART.deaths, APART.proven) == (0, 0)
    history = APART.after_refusal(("a", "1")).after_death(("b", "1"), started=True)
    assert (history.apart, history.deaths, history.proven) == (True, 1, 1)


def test_a_request_that_ends_its_workers_by_itself_is_poison_after_two_proofs() -> None:
    history = History().after_death(("a", "1"), started=False)
    assert history.alone
    history = history.after_death(("a", "2"), started=True)
    assert not history.is_poison
    history = history.after_death(("a", "3"), started=True)
    assert history.is_poison
    assert str(history.poison("r-17", "too much memory")).endswith("is not tried again: too much memory")
    error = history.poison("r-17")
    assert isinstance(error, PoisonRequest)
    assert "r-17" in str(error)


def test_a_successor_of_a_dead_worker_is_another_worker() -> None:
    history = History().after_death(("w", "1"), started=False)
    successor = WorkerView(Endpoint("w", "r", "", "", incarnation="2"), True)
    sibling_that_failed = view("w")
    assert choose([sibling_that_failed, successor], "r", HELD, {successor.id: 9}, history.avoid) is successor


def after(error: TriglotError, op: Op = "predict", history: History | None = None, *others: WorkerView) -> History:
    worker = view("a")
    return history_after(error, Request(op, "7", "m"), worker, history or History(), [worker, *others])


@pytest.mark.parametrize("others", [(), (view("b", language="julia"),), (view("b", draining=True),)])
def test_a_full_queue_is_told_where_no_sibling_can_take_the_request(others: tuple[WorkerView, ...]) -> None:
    with pytest.raises(Overloaded):
        after(Overloaded("full"), "predict", None, *others)


def test_a_full_queue_sends_the_request_to_a_sibling() -> None:
    assert after(Overloaded("full"), "predict", None, view("b")).avoid == {("a", "1")}
    with pytest.raises(Overloaded):
        after(Overloaded("full"), "predict", History().after_refusal(("b", "1")), view("b"))


@pytest.mark.parametrize("op", ["fit", "dataset"])
def test_what_must_not_be_repeated_is_lost_with_its_worker(op: Op) -> None:
    with pytest.raises(WorkerLost, match="gone"):
        after(WorkerLost("gone"), op)


def test_a_request_that_loses_its_worker_is_tried_again_until_it_is_proven_to_end_them() -> None:
    history = after(WorkerLost("gone", started=True))
    assert (history.deaths, history.proven) == (1, 0)
    history = after(WorkerLost("gone", started=True), "predict", history)
    with pytest.raises(PoisonRequest, match=r"ended 2 workers .*: out of memory"):
        after(WorkerLost("gone", started=True, reason="out of memory"), "predict", history)


def test_what_a_worker_lacks_is_brought_and_leaves_no_trace() -> None:
    history = History().after_refusal(("b", "1"))
    assert after(ArtefactNeeded("7"), "predict", history) == after(TableNeeded("7"), "predict", history) == history


@pytest.mark.parametrize("error", [BadRequest("no"), DeadlineExceeded("late"), TriglotError("broken")])
def test_any_other_error_is_the_callers(error: TriglotError) -> None:
    with pytest.raises(type(error)):
        after(error)
