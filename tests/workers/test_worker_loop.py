"""The loop of a worker in a thread of this process, with real sockets and the real Python runtime.

Here what waits in the queue is in the test's own hands, as it could not be in another process.
"""

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgpack
import numpy as np
import pytest
import zmq

from tests.helpers import KEY, PATIENCE_S, context, fit_request, floats, unfitted, until
from triglot.artefact import Artefact, seal
from triglot.hooks import Hook, Hooks
from triglot.protocol import bundles, wire
from triglot.protocol.messages import Fault, Reply, Request, Started
from triglot.tables.table import Array, Column, Table
from triglot.workers.activity import Activity
from triglot.workers.golden_rows import GoldenRows
from triglot.workers.python.runtime import PythonRuntime
from triglot.workers.worker import HELD_VERSIONS, Worker

GATE = threading.Event()
CALLS: list[list[float]] = []
SHUT, GUILTY = -1.0, -2.0


class Probe:
    """Answers the first column and keeps a record of its calls; `SHUT` waits for the gate, `GUILTY` raises."""

    def fit(self, X: Any, y: Any) -> "Probe":
        return self

    def predict(self, X: Any, add: float = 0.0, say: str = "", raises: str = "", nap: float = 0.0) -> Any:
        CALLS.append(X[:, 0].tolist())
        time.sleep(nap)
        if say:
            print(say.replace("\\udce9", "\udce9"))
        if (X[:, 0] == SHUT).any():
            assert GATE.wait(PATIENCE_S)
        if (X[:, 0] == GUILTY).any():
            raise ValueError("guilty")
        if raises:
            raise ValueError(raises.replace("\\udce9", "\udce9"))
        return X[:, 0] + add


class Chatty:
    """Says what it does."""

    def fit(self, X: Any, y: Any) -> "Chatty":
        print("fitting")
        return self

    def predict(self, X: Any, **params: Any) -> Any:
        print("predicting")
        return X[:, 0]


class Cautious(Chatty):
    """A classifier that fails where it is asked for classes, once it was loaded."""

    classes_ = ("a", "b")

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.loaded = True

    def fit(self, X: Any, y: Any) -> "Cautious":
        self.loaded = False
        return self

    def predict(self, X: Any, **params: Any) -> Any:
        print("classes of", len(X))
        if self.loaded and not params:
            raise ValueError("say how")
        return np.array(["a"] * len(X))

    def predict_proba(self, X: Any) -> Any:
        print("shares of", len(X))
        return np.full((len(X), 2), 0.5)


class Odd:
    """Answers what it is asked to."""

    def fit(self, X: Any, y: Any) -> "Odd":
        return self

    def predict(self, X: Any, what: str = "two") -> Any:
        answers = {"two": X, "text": np.array(["a"] * len(X)), "few": X[:-1, 0], "cube": X[:, :, None], "none": None}
        answers |= {"complex": X[:, 0] + 1j, "dates": X[:, 0].astype("datetime64[D]")}
        return answers[what]


class Peer:
    """A DEALER that sends requests without waiting, and collects what comes back by id."""

    def __init__(self, socket: "zmq.Socket[bytes]") -> None:
        self.socket = socket
        self._count = 0

    def send(self, *numbers: float, **more: Any) -> str:
        self._count += 1
        given: dict[str, Any] = {"op": "predict", "id": f"r{self._count}", "model": "m", "version": 1}
        if "tables" not in more:
            given["tables"] = (floats(*[(number, 0.0) for number in numbers]),)
        request = Request(**{**given, **more})
        self.socket.send_multipart(wire.encode_request(request))
        return request.id

    def receive(self) -> Any:
        return wire.decode_reply(self.socket.recv_multipart())

    def collect(self, count: int) -> dict[str, Any]:
        return {reply.id: reply for reply in (self.receive() for _ in range(count))}

    def silent(self) -> bool:
        return not self.socket.poll(50)


class Bed:
    """One worker's loop in a thread, and a way to build more peers."""

    def __init__(self, made: "zmq.Context[zmq.Socket[bytes]]") -> None:
        self.address = "inproc://worker"  # where what is sent has arrived
        self.activity = Activity()
        self.withdrawn = threading.Event()
        self._context = made
        self._threads: list[threading.Thread] = []
        self._sockets: list[zmq.Socket[bytes]] = []

    def start(self, runtime: PythonRuntime | None = None, hooks: Sequence[Hook] = (), **options: Any) -> Peer:
        socket = self._socket(zmq.ROUTER)
        socket.bind(self.address)
        runtime = runtime or PythonRuntime()
        runtime.start()
        hooks = Hooks([GoldenRows(runtime.versions), *hooks], may_refuse=True)
        loop = Worker(runtime, socket, KEY, self.activity, hooks, linger_s=0.1, drained=self.withdrawn.set, **options)
        thread = threading.Thread(target=loop.run)
        thread.start()
        self._threads.append(thread)
        return self.peer()

    def peer(self) -> Peer:
        socket = self._socket(zmq.DEALER)
        socket.rcvtimeo = int(PATIENCE_S * 1000)
        socket.connect(self.address)
        return Peer(socket)

    def _socket(self, kind: int) -> "zmq.Socket[bytes]":
        socket = self._context.socket(kind)
        self._sockets.append(socket)
        return socket

    def close(self) -> None:
        GATE.set()
        self.activity.drain()
        for thread in self._threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


@pytest.fixture
def bed() -> Iterator[Bed]:
    GATE.clear()
    CALLS.clear()
    with context() as made:
        started = Bed(made)
        try:
            yield started
        finally:
            started.close()


def fit(peer: Peer, estimator: Any, X: Table | None = None, y: Any = (0.0,), classes: Any = None) -> Artefact:
    """Return the fitted estimator, held by the worker as version 1 of m."""
    peer.socket.send_multipart(wire.encode_request(fit_request(estimator, X or floats((0.0, 0.0)), list(y), classes)))
    reply = peer.receive()
    assert isinstance(reply, Reply), reply
    assert reply.artefact is not None
    load(peer, reply.artefact)
    CALLS.clear()
    return reply.artefact


def load(peer: Peer, artefact: Artefact, version: int = 1) -> None:
    peer.send(op="load", tables=(), artefact=artefact, version=version)
    assert isinstance(peer.receive(), Reply)


def numbers(reply: Any) -> list[float]:
    assert isinstance(reply, Reply), reply
    found: list[float] = reply.tables[0].matrix()[:, 0].tolist()
    return found


@contextlib.contextmanager
def busy(peer: Peer) -> Iterator[None]:
    """Hold the worker in a call, so that what is sent meanwhile waits in its queue together."""
    peer.send(SHUT)
    until(lambda: bool(CALLS))
    yield
    GATE.set()
    assert numbers(peer.receive()) == [SHUT]


def test_what_waits_is_answered_by_one_call_and_to_everybody_his_own(bed: Bed) -> None:
    peer = bed.start()
    fit(peer, Probe())
    others = [bed.peer() for _ in range(5)]
    with busy(peer):
        for i, other in enumerate(others):
            other.send(10.0 * i, 10.0 * i + 1)
    assert [numbers(other.receive()) for other in others] == [[10.0 * i, 10.0 * i + 1] for i in range(5)]
    assert [sorted(call) for call in CALLS[1:]] == [sorted(10.0 * i + j for i in range(5) for j in range(2))]
    until(lambda: bed.activity.served >= 8)


def test_each_reply_tells_what_its_call_took_and_one_of_them_how_large_it_was(bed: Bed) -> None:
    peer = bed.start()
    fit(peer, Probe())
    with busy(peer):
        sent = [peer.send(10.0 * i, 1.0, params={"nap": 0.01}) for i in range(3)]
    replies = peer.collect(3)
    told = [replies[one].spent for one in sent]
    assert sorted(spent.rows for spent in told) == [0, 0, 6]
    assert len({spent[1:4] for spent in told}) == 1
    assert min(spent.infer for spent in told) >= 10_000_000
    assert min(spent.queue for spent in told) > 0


def test_a_call_without_rows_asks_no_model_and_tells_so(bed: Bed) -> None:
    peer = bed.start()
    fit(peer, Probe())
    peer.send(1.0, params={"nap": 0.2})
    assert peer.receive().spent.infer >= 200_000_000
    peer.send()
    spent = peer.receive().spent
    assert CALLS == [[1.0]]
    assert (spent.rows, spent.infer < 200_000_000) == (0, True)


def test_a_model_that_is_declared_not_to_be_batched_gets_each_request_alone(bed: Bed) -> None:
    peer = bed.start()
    request = fit_request(Probe(), floats((0.0, 0.0)), [0.0], None)
    peer.socket.send_multipart(wire.encode_request(request._replace(spec={**request.spec, "batch": False})))
    artefact = peer.receive().artefact
    assert artefact.card()["batch"] is False
    load(peer, artefact)
    CALLS.clear()
    with busy(peer):
        sent = [peer.send(10.0 * i, 1.0) for i in range(3)]
    replies = peer.collect(3)
    assert [numbers(replies[one]) for one in sent] == [[0.0, 1.0], [10.0, 1.0], [20.0, 1.0]]
    assert CALLS[1:] == [[0.0, 1.0], [10.0, 1.0], [20.0, 1.0]]


def bundled(peer: Peer, *rows: list[float], **more: Any) -> list[str]:
    """Send requests that share a message; return their ids."""
    requests = [
        Request("predict", f"b{i}", "m", 1, tables=(floats(*[(number, 0.0) for number in numbers]),), **more)
        for i, numbers in enumerate(rows)
    ]
    peer.socket.send_multipart(wire.encode_request(bundles.join(requests)))
    return [request.id for request in requests]


def test_requests_that_share_a_message_are_answered_by_one_call_and_one_message(bed: Bed) -> None:
    peer = bed.start()
    fit(peer, Probe())
    ids = bundled(peer, [1.0], [2.0, 3.0], [4.0], params={"add": 10.0})
    reply = peer.receive()
    assert [(each.id, numbers(each)) for each in bundles.replies(reply)] == [
        (ids[0], [11.0]),
        (ids[1], [12.0, 13.0]),
        (ids[2], [14.0]),
    ]
    assert CALLS == [[1.0, 2.0, 3.0, 4.0]]
    until(lambda: bed.activity.served == 5)  # the fit, the load and the three


def test_messages_of_several_and_of_single_requests_are_answered_by_one_call(bed: Bed) -> None:
    peer = bed.start()
    fit(peer, Probe())
    with busy(peer):
        single = peer.send(1.0)
        bundled(peer, [2.0], [3.0])
    first, second = peer.receive(), peer.receive()
    assert (first.id, numbers(first)) == (single, [1.0])
    assert [numbers(each) for each in bundles.replies(second)] == [[2.0], [3.0]]
    assert CALLS[1:] == [[1.0, 2.0, 3.0]]


def test_only_the_guilty_one_of_those_that_share_a_message_fails(bed: Bed) -> None:
    peer = bed.start()
    fit(peer, Probe())
    ids = bundled(peer, [1.0], [GUILTY], [3.0])
    replies = peer.collect(3)
    assert isinstance(replies[ids[1]], Fault)
    assert [numbers(replies[ids[0]]), numbers(replies[ids[2]])] == [[1.0], [3.0]]


@pytest.mark.parametrize("batch", [False, {"rows": 1}], ids=["alone", "one row"])
def test_requests_that_share_a_message_get_calls_of_their_own_where_that_was_declared(bed: Bed, batch: Any) -> None:
    peer = bed.start()
    request = fit_request(Probe(), floats((0.0, 0.0)), [0.0], None)
    peer.socket.send_multipart(wire.encode_request(request._replace(spec={**request.spec, "batch": batch})))
    load(peer, peer.receive().artefact)
    CALLS.clear()
    ids = bundled(peer, [1.0], [2.0])
    replies = peer.collect(2)
    assert [numbers(replies[each]) for each in ids] == [[1.0], [2.0]]
    assert CALLS == [[1.0], [2.0]]


def test_a_version_that_is_not_held_is_asked_for_by_everybody_who_shares_the_message(bed: Bed) -> None:
    peer = bed.start()
    ids = bundled(peer, [1.0], [2.0])
    replies = peer.collect(2)
    assert [replies[each].code for each in ids] == ["artefact-needed"] * 2


def test_of_those_that_share_a_message_as_many_are_taken_as_the_queue_has_room_for(bed: Bed) -> None:
    peer = bed.start(queue=2)
    fit(peer, Probe())
    ids = bundled(peer, [1.0], [2.0], [3.0])
    replies = peer.collect(3)
    assert [numbers(replies[each]) for each in ids[:2]] == [[1.0], [2.0]]
    assert replies[ids[2]].code == "overloaded"


def test_a_message_that_cannot_be_read_is_refused_to_everybody_who_shares_it(bed: Bed) -> None:
    peer = bed.start()
    header = {"id": "a", "op": "predict", "model": "m", "version": 1, "timeout_ms": 1, "parts": [["a", 1], ["b", 1]]}
    peer.socket.send(wire.MAGIC + msgpack.packb(header))
    replies = peer.collect(2)
    assert [(each, replies[each].code) for each in "ab"] == [("a", "protocol"), ("b", "protocol")]


def test_limits_bound_a_call_but_not_a_single_request(bed: Bed) -> None:
    peer = bed.start()
    request = fit_request(Probe(), floats((0.0, 0.0)), [0.0], None)
    limits = {"rows": 4, "requests": 3}
    peer.socket.send_multipart(wire.encode_request(request._replace(spec={**request.spec, "batch": limits})))
    artefact = peer.receive().artefact
    assert artefact.card()["batch"] == limits
    load(peer, artefact)
    CALLS.clear()
    with busy(peer):
        ids = [peer.send(*range(count)) for count in (2, 2, 2, 9, 1, 1, 1, 1)]
    replies = peer.collect(8)
    assert [len(numbers(replies[id_])) for id_ in ids] == [2, 2, 2, 9, 1, 1, 1, 1]
    assert [len(call) for call in CALLS[1:]] == [4, 2, 9, 3, 1]


def test_requests_with_other_parameters_are_answered_by_calls_of_their_own(bed: Bed) -> None:
    peer = bed.start()
    fit(peer, Probe())
    with busy(peer):
        ids = [peer.send(float(i), params={"add": 100.0 * (i % 2)}) for i in range(6)]
    replies = peer.collect(6)
    assert [numbers(replies[id_]) for id_ in ids] == [[0.0], [101.0], [2.0], [103.0], [4.0], [105.0]]
    assert len(CALLS) == 3


def test_only_the_guilty_request_of_a_batch_fails(bed: Bed) -> None:
    peer = bed.start()
    fit(peer, Probe())
    with busy(peer):
        ids = [peer.send(float(i) if i != 5 else GUILTY) for i in range(16)]
    replies = peer.collect(16)
    assert [isinstance(replies[id_], Fault) for id_ in ids] == [i == 5 for i in range(16)]
    assert replies[ids[5]].code == "estimator-failed"
    assert [numbers(replies[id_]) for i, id_ in enumerate(ids) if i != 5] == [[float(i)] for i in range(16) if i != 5]
    assert len(CALLS) == 1 + 9, "bisected: 16, then two halves of each size"


def test_what_waited_past_its_deadline_is_refused_and_never_called(bed: Bed) -> None:
    peer = bed.start()
    fit(peer, Probe())
    with busy(peer):
        slow = peer.send(0.0, params={"nap": 0.1})
        late, timely = peer.send(1.0, timeout_ms=50), peer.send(2.0)
    replies = peer.collect(3)
    assert numbers(replies[slow]) == [0.0]
    assert replies[late].code == "deadline-exceeded"
    assert numbers(replies[timely]) == [2.0]
    assert CALLS[1:] == [[0.0], [2.0]]


def test_a_failed_batch_that_nobody_waits_for_any_more_is_not_taken_apart(bed: Bed) -> None:
    peer = bed.start()
    fit(peer, Probe())
    with busy(peer):
        ids = [peer.send(number, timeout_ms=1_000, params={"nap": 1.1}) for number in (GUILTY, 2.0, 3.0, 4.0)]
    replies = peer.collect(4)
    assert {replies[id_].code for id_ in ids} == {"deadline-exceeded"}
    assert CALLS[1:] == [[GUILTY, 2.0, 3.0, 4.0]]


def test_a_request_sent_alone_is_called_alone_after_a_notice(bed: Bed) -> None:
    peer = bed.start()
    fit(peer, Probe())
    other = bed.peer()
    with busy(peer):
        for number in (1.0, 2.0):
            peer.send(number)
        other.send(3.0, alone=True)
        other.send(4.0, alone=True)
    peer.collect(2)
    kinds = [other.receive() for _ in range(4)]
    assert [type(kind) for kind in kinds] == [Started, Reply, Started, Reply]
    assert [kind.id for kind in kinds] == ["r1", "r1", "r2", "r2"]
    assert sorted(map(sorted, CALLS[1:])) == [[1.0, 2.0], [3.0], [4.0]]


def test_beyond_the_queues_bound_requests_are_refused_at_once(bed: Bed) -> None:
    peer = bed.start(queue=3)
    fit(peer, Probe())
    with busy(peer):
        ids = [peer.send(float(i)) for i in range(10)]
    replies = peer.collect(10)
    assert [isinstance(replies[id_], Reply) for id_ in ids] == [True] * 3 + [False] * 7
    assert {replies[id_].code for id_ in ids[3:]} == {"overloaded"}


def test_what_cannot_be_read_is_refused_between_what_can(bed: Bed) -> None:
    peer = bed.start()
    fit(peer, Probe())
    with busy(peer):
        good = peer.send(1.0)
        peer.socket.send_multipart([b"nonsense"])
        peer.socket.send_multipart([wire.pack_control({"id": "x9", "op": "predict"})])
        other = peer.send(2.0)
    replies = peer.collect(4)
    assert (replies[""].code, replies["x9"].code) == ("protocol", "protocol")
    assert numbers(replies[good]) + numbers(replies[other]) == [1.0, 2.0]


def test_the_least_asked_for_versions_give_way(bed: Bed) -> None:
    peer = bed.start()
    artefact = fit(peer, Probe())
    for version in range(2, HELD_VERSIONS + 1):
        load(peer, artefact, version)
    peer.send(1.0, version=1)
    assert numbers(peer.receive()) == [1.0]
    load(peer, artefact, HELD_VERSIONS + 1)
    assert len(bed.activity.holds) == HELD_VERSIONS
    peer.send(1.0, version=1)
    assert numbers(peer.receive()) == [1.0]
    peer.send(1.0, version=2)
    assert peer.receive().code == "artefact-needed"


def test_no_rows_need_no_call_even_where_an_estimator_refuses_them(bed: Bed) -> None:
    from sklearn.linear_model import LogisticRegression

    peer = bed.start()
    fit(peer, LogisticRegression(), floats((0.0, 0.0), (1.0, 1.0)), [0, 1], ["no", "yes"])
    for op, columns in (("predict", 1), ("predict_proba", 2)):
        peer.send(op=op)
        reply = peer.receive()
        assert isinstance(reply, Reply), reply
        assert reply.tables[0].matrix().shape == (0, columns)


def test_no_rows_may_be_merged_with_some(bed: Bed) -> None:
    peer = bed.start()
    fit(peer, Probe())
    with busy(peer):
        ids = [peer.send(), peer.send(1.0), peer.send()]
    replies = peer.collect(3)
    assert [numbers(replies[id_]) for id_ in ids] == [[], [1.0], []]


def test_a_regressor_may_answer_several_numbers_a_row_but_nothing_else(bed: Bed) -> None:
    peer = bed.start()
    fit(peer, Odd())
    peer.send(1.0, 2.0)
    assert peer.receive().tables[0].matrix().tolist() == [[1.0, 0.0], [2.0, 0.0]]
    for what in ("text", "few", "cube", "none", "complex", "dates"):
        peer.send(1.0, 2.0, params={"what": what})
        fault = peer.receive()
        assert isinstance(fault, Fault)
        assert fault.code == "estimator-failed", fault.message
        assert "predict gave" in fault.message


class Careless(PythonRuntime):
    """A runtime that lets through what is no class."""

    def predict(self, model: Any, X: Table, params: Mapping[str, Any]) -> Array:
        return np.full(X.rows, params.get("code", 0), dtype=np.int32)


@pytest.mark.parametrize("code", [-1, 2, -(2**31)])
def test_a_code_that_is_no_class_never_leaves_a_worker(bed: Bed, code: int) -> None:
    peer = bed.start(Careless())
    fit(peer, Probe(), floats((0.0, 0.0), (1.0, 1.0)), [0, 1], ["no", "yes"])
    peer.send(1.0, params={"code": code})
    fault = peer.receive()
    assert isinstance(fault, Fault)
    assert fault.code == "estimator-failed"
    peer.send(1.0, params={"code": 1})
    assert numbers(peer.receive()) == [1]


def test_a_regression_has_no_probabilities(bed: Bed) -> None:
    peer = bed.start()
    fit(peer, Probe())
    peer.send(1.0, op="predict_proba")
    assert peer.receive().code == "bad-request"


def test_what_the_author_prints_reaches_all_of_a_call_and_nobody_else(bed: Bed) -> None:
    peer = bed.start()
    fit(peer, Probe())
    with busy(peer):
        talked = [peer.send(1.0, params={"say": "hm"}), peer.send(2.0, params={"say": "hm"})]
        silent = peer.send(3.0)
    replies = peer.collect(3)
    assert [replies[id_].output for id_ in talked] == ["hm\n", "hm\n"]
    assert replies[silent].output == ""


def test_text_that_is_not_unicode_ends_no_worker(bed: Bed, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "triglot.worker")
    peer = bed.start()
    fit(peer, Probe())
    peer.send(1.0, params={"say": "caf\\udce9"})
    assert peer.receive().output == "caf\\udce9\n"
    assert "caf\\udce9" in caplog.text  # escaped, as a log is written in UTF-8
    peer.send(1.0, params={"raises": "caf\\udce9"})
    assert peer.receive().message == "caf\\udce9"
    peer.send(2.0)
    assert numbers(peer.receive()) == [2.0]


def test_what_the_golden_rows_printed_is_nobodys_output(bed: Bed) -> None:
    peer = bed.start()
    peer.socket.send_multipart(wire.encode_request(fit_request(Chatty(), floats((0.0, 0.0)), [0.0], None)))
    reply = peer.receive()
    assert reply.output == "fitting\n"
    load(peer, reply.artefact)
    peer.send(1.0)
    assert peer.receive().output == "predicting\n"


def test_a_load_asks_for_all_that_callers_will_so_that_nobody_waits_for_a_compiler(bed: Bed) -> None:
    peer = bed.start()
    request = fit_request(Cautious(), floats((0.0, 0.0), (1.0, 1.0)), [0, 1], ["a", "b"])
    peer.socket.send_multipart(wire.encode_request(request))
    fitted = peer.receive()
    assert isinstance(fitted, Reply), fitted
    peer.send(op="load", tables=(), artefact=fitted.artefact)
    reply = peer.receive()
    assert isinstance(reply, Reply), "what fails then is told to the first caller"
    assert reply.output == "shares of 2\nclasses of 2\n"
    peer.send(1.0)
    assert peer.receive().message == "say how"
    peer.send(1.0, params={"how": "well"})
    assert numbers(peer.receive()) == [0]


def test_a_client_that_is_gone_before_its_answer_harms_nobody(bed: Bed) -> None:
    peer = bed.start()
    fit(peer, Probe())
    with busy(peer):
        gone = bed.peer()
        gone.send(1.0)
        gone.socket.close(linger=-1)  # what it has sent is there all the same
        stays = peer.send(2.0)
    assert numbers(peer.collect(1)[stays]) == [2.0]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"spec": {}}, "protocol"),
        ({"spec": {"task": "clustering"}}, "protocol"),
        ({"spec": {"task": "regression", "spec": 7}}, "protocol"),
        ({"spec": {"task": "regression", "classes": ["a", 1]}}, "bad-request"),
        ({"tables": ()}, "protocol"),
        ({"tables": (floats((0.0, 0.0)), Table("y", matrix=np.zeros((2, 1))))}, "bad-request"),
        ({"tables": (Table("aa", matrix=np.zeros((1, 2))), Table("y", matrix=np.zeros((1, 1))))}, "bad-request"),
        ({"artefact": None}, "bad-request"),
        ({"op": "load", "artefact": None}, "protocol"),
    ],
    ids=["no task", "task", "spec", "classes", "no table", "lengths", "names", "no estimator", "no artefact"],
)
def test_a_fit_or_load_that_makes_no_sense_is_refused(bed: Bed, change: dict[str, Any], code: str) -> None:
    peer = bed.start()
    sound = {
        "op": "fit",
        "tables": (floats((0.0, 0.0)), Table("y", matrix=np.zeros((1, 1)))),
        "artefact": unfitted(Probe(), "regression"),
        "spec": {"task": "regression", "classes": None, "spec": {}, "sources": {}},
    }
    peer.send(**{**sound, **change})
    fault = peer.receive()
    assert isinstance(fault, Fault)
    assert fault.code == code, fault.message


def test_a_version_whose_manifest_declares_limits_that_are_none_is_refused(bed: Bed) -> None:
    peer = bed.start()
    artefact = fit(peer, Probe())
    card = {key: value for key, value in artefact.card().items() if key not in ("format", "blob_sha256")}
    peer.send(op="load", tables=(), artefact=seal({**card, "batch": "x"}, artefact.blob, KEY))
    fault = peer.receive()
    assert isinstance(fault, Fault)
    assert (fault.code, fault.message[:27]) == ("artefact-refused", "the manifest's batch is 'x'")


def test_a_table_of_text_where_numbers_were_learnt_is_a_bad_request(bed: Bed) -> None:
    peer = bed.start()
    fit(peer, Probe())
    peer.send(tables=(Table("ab", columns=[Column.strings(["x"]), Column.strings(["y"])]),))
    fault = peer.receive()
    assert fault.code == "bad-request"
    assert "'a'" in fault.message
    assert "'b'" in fault.message


def test_a_draining_worker_answers_what_still_comes_and_then_ends(bed: Bed) -> None:
    peer = bed.start()
    fit(peer, Probe())
    with busy(peer):
        waiting = peer.send(1.0)
        bed.activity.drain()
    assert numbers(peer.collect(1)[waiting]) == [1.0]
    assert bed.withdrawn.wait(PATIENCE_S)
    late = peer.send(2.0)
    assert numbers(peer.collect(1)[late]) == [2.0]
    assert peer.silent()
