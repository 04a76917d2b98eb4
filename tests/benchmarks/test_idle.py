"""Idle callers: how many are there, what they have said, and what is told of them."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from benchmarks.idle import GOAL_MS, PATHS, READERS, Crowd, Look, kinds, said, table
from tests.helpers import until


class Peer:
    """A server that accepts, and does as it is told."""

    def __init__(self, listening: socket.socket, there: ExitStack) -> None:
        self.port: int = listening.getsockname()[1]
        self._listening, self._there = listening, there

    def accept(self) -> socket.socket:
        """Return the next caller's connection."""
        return self._there.enter_context(self._listening.accept()[0])

    def crowd(self, kind: str, count: int) -> Crowd:
        """Return callers who have come."""
        crowd = Crowd(self.port, kind, count)
        self._there.callback(crowd.leave)
        crowd.gather()
        return crowd


@pytest.fixture
def peer() -> Iterator[Peer]:
    with ExitStack() as there, socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)
        yield Peer(listening, there)


def test_who_is_ended_is_followed_by_another(peer: Peer) -> None:
    crowd = peer.crowd("heads", 3)
    first, second, _ = peer.accept(), peer.accept(), peer.accept()
    assert first.recv(1000) == said("heads")
    crowd.gather()
    assert crowd.ended == 0
    second.close()

    def followed() -> bool:
        crowd.gather()
        return crowd.ended == 1

    until(followed)
    assert peer.accept().recv(1000) == said("heads")
    crowd.leave()
    assert first.recv(1000) == b""


@pytest.mark.parametrize(("answer", "ended"), [(b"HTTP/1.1 200 OK\r\n", 0), (b"HTTP/1.1 503 X\r\n", 1)])
def test_a_reader_that_leaves_its_answer_where_it_is_is_there_unless_it_was_refused(
    peer: Peer, answer: bytes, ended: int
) -> None:
    def serve() -> None:
        for _ in range(1 + ended):
            peer.accept().sendall(answer)

    server = threading.Thread(target=serve)
    server.start()
    crowd = peer.crowd(READERS, 1)
    crowd.gather()
    server.join()
    assert crowd.ended == ended


@pytest.mark.parametrize("kind", kinds())
def test_each_kind_says_less_than_it_announces_but_who_does_not_read(kind: str) -> None:
    head, end, body = said(kind).partition(b"\r\n\r\n")
    assert head.startswith(b"POST /models/logistic/predict")
    assert bool(end) == (kind != "heads")
    _, announces, length = head.partition(b"Content-Length: ")
    if announces:
        assert (len(body) == int(length)) == (kind == READERS)


def test_the_table_has_the_callers_beside_nobody() -> None:
    looks = [Look(who, dict.fromkeys(PATHS, (1.0, GOAL_MS)), 80.0, 2) for who in ("nobody", "500 heads")]
    head, _, nobody, heads = table(looks).splitlines()
    assert head == "| idle | /alive, ms | /ready, ms | /list, ms | a prediction, ms | front end, MB | ended |"
    assert nobody.startswith("| nobody | 1.00, 50.00 |")
    assert heads.endswith("| 80 | 2 |")
