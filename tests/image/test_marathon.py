"""Containers of the service under a stand-in of Marathon: started, checked, replaced and scaled as it would."""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.cli.conftest import run
from tests.deploy.marathon import Marathon, marathon
from tests.helpers import KEY, until
from tests.image.conftest import FIGURES, Container
from tests.image.engine import Engine
from tests.image.neighbours import CONFIG, EXPECTED, IRIS_PREDICT, ROW

NEWER = "test/iris-predict:2"
LOOK_S = 0.5
SPEED = 5.0


@dataclass
class ContainerTask:
    """An instance that is a container, with a port of the host's before its own."""

    engine: Engine
    name: str
    port: int
    image: str
    stopped: threading.Thread | None = None
    _looked: float = 0.0
    _ended: int | None = None

    def status(self, path: str, timeout_s: float) -> int:
        return self.engine.ask(self.port, path, timeout_s=timeout_s)[0]

    def ended(self) -> int | None:
        if self._ended is None and time.monotonic() - self._looked > LOOK_S:
            self._looked = time.monotonic()
            state = self.engine.inspect(self.name, ".State")
            self._ended = None if state["Running"] else int(state["ExitCode"])
        return self._ended

    def stop(self, grace_s: float) -> None:
        if self.stopped is None:
            command = ("stop", "--time", str(round(grace_s)), self.name)
            self.stopped = threading.Thread(target=self.engine.run, args=command)
            self.stopped.start()


@dataclass
class Containers:
    """Runs what Marathon's Docker containerizer would: image, arguments, parameters, limits, ports, variables."""

    engine: Engine
    started: list[ContainerTask] = field(default_factory=list)

    def start(self, app: Mapping[str, Any], variables: Mapping[str, str]) -> ContainerTask:
        docker, (mapping,) = app["container"]["docker"], app["container"]["portMappings"]
        assert mapping["hostPort"] == 0
        options = [f"--{each['key']}={each['value']}" for each in docker["parameters"]]
        options += [f"--env={name}={value}" for name, value in variables.items()]
        options += [f"--memory={app['mem']}m", f"--cpu-shares={int(1024 * app['cpus'])}"]
        options += ["--detach", "--publish", f"127.0.0.1::{mapping['containerPort']}"]
        name = self.engine.run("run", *options, docker["image"], *app["args"])[:12]
        port = Container(self.engine, name, time.monotonic()).port
        self.started.append(ContainerTask(self.engine, name, port, docker["image"]))
        return self.started[-1]

    def said(self) -> str:
        """Return what the containers wrote."""
        return "\n".join(self.engine.run("logs", task.name) for task in self.started)

    def close(self) -> None:
        for task in self.started:
            if task.stopped is not None:
                task.stopped.join()
            self.engine.run("rm", "--force", task.name)


@pytest.fixture
def agent(docker: Engine) -> Iterator[Containers]:
    docker.run("tag", IRIS_PREDICT, NEWER)
    made = Containers(docker)
    yield made
    made.close()


@pytest.fixture
def there(agent: Containers) -> Iterator[Marathon]:
    with marathon(agent, speed=SPEED, secrets={"iris/signing-key": KEY.decode()}) as made:
        yield made


def test_containers_are_started_checked_replaced_and_scaled(
    there: Marathon, agent: Containers, capsys: pytest.CaptureFixture[str]
) -> None:
    def post(*more: str) -> None:
        started = time.monotonic()
        command = ("-c", str(CONFIG), "deploy", "marathon", "--post", there.url, "--wait", "300", *more)
        assert run(*command) == 0, f"{capsys.readouterr().err}{agent.said()}"
        FIGURES[f"deployment by Marathon {' '.join(more)} (s)"] = round(time.monotonic() - started, 1)

    post()
    app = there.apps["/iris"]
    first = list(agent.started)
    assert len(first) == 2
    for task in first:
        status, body = agent.engine.ask(task.port, "/predict", [ROW])
        assert (status, body["result"]) == (200, [EXPECTED])
        assert agent.engine.inspect(task.name, ".HostConfig.ReadonlyRootfs") is True
        assert agent.engine.inspect(task.name, ".HostConfig.Memory") == 700 * 2**20

    agent.engine.run("kill", first[0].name)  # a host that is gone
    until(lambda: len(agent.started) == 3 and sum(task.healthy and task.ready for task in app.tasks) == 2, 120)

    post("--image", NEWER)
    assert {task.image for task in agent.started if task.ended() is None} == {NEWER}
    assert app.fewest_healthy >= 2
    assert app.most <= 3

    post("--image", NEWER, "--instances", "1")
    running = [task for task in agent.started if task.ended() is None]
    assert len(running) == 1
    drained = [task for task in agent.started if task.stopped is not None]
    for task in drained:
        assert task.stopped is not None
        task.stopped.join()
    assert {agent.engine.inspect(task.name, ".State.ExitCode") for task in drained} == {0}
