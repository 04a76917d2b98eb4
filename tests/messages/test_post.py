"""The post of one broker, whatever its sessions come to."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import until
from triglot.config.brokers import Broker, brokers_of
from triglot.dispatch.blocking import Client
from triglot.messages import mqtt
from triglot.messages.link import Desks
from triglot.messages.post import Books, Post
from triglot.messages.telling import Terms
from triglot.serving.service import Service
from triglot.store import ModelStore


def test_an_error_that_nobody_foresaw_is_told_and_requests_are_taken_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[Any] = []

    async def serve(broker: Broker, desks: Desks, over: asyncio.Event) -> None:
        tries.append(desks)
        if len(tries) == 1:
            raise RuntimeError("nobody has foreseen this")
        await over.wait()

    monkeypatch.setattr(mqtt, "serve", serve)
    store = ModelStore(f"sqlite:///{tmp_path / 'models.db'}")
    store.upgrade()
    service = Service(store, Client(tmp_path))
    (broker,) = brokers_of({"b": {"url": "mqtt://127.0.0.1:1"}}, tmp_path, {})
    post = Post(broker, Books(service, Terms(), {}, store.jobs, store.letters))
    post.start()
    try:
        until(lambda: len(tries) == 2)
    finally:
        post.stop()
        post.join()
        service.close()
        store.close()
    assert "broker 'b' (mqtt://127.0.0.1:1): RuntimeError; it is tried again in 0.5 s" in caplog.text
    assert "nobody has foreseen this" in caplog.text  # with its trace
