"""A stand-in for Marathon: its REST endpoint over one agent, whose tasks it starts, checks, scales and replaces.

It does what Marathon's documents say of `healthChecks`, `readinessChecks`, `upgradeStrategy`, `secrets` and
`taskKillGracePeriodSeconds`. Its seconds are shorter by the factor `speed`.
"""

import contextlib
import http.client
import itertools
import json
import math
import threading
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.deploy.schema import marathon_problems
from tests.deploy.tasks import Agent, Running

TICK_S = 0.01
# A change of these alone scales an app and replaces nothing.
SCALING = {"instances", "upgradeStrategy"}


@dataclass
class Task:
    """One instance, and what is known of it."""

    id: str
    version: str
    running: Running
    started: float
    checked: float = 0.0
    asked: float = 0.0
    healthy: bool = False
    ready: bool = False
    failures: int = 0
    stopping: bool = False


@dataclass
class App:
    """One app: what is wanted, what is there, and the deployment that goes on."""

    definition: dict[str, Any]
    version: str
    config_version: str
    tasks: list[Task] = field(default_factory=list)
    deployment: str = ""
    last_failure: dict[str, str] | None = None
    most: int = 0
    fewest_healthy: int = 0


class Marathon:
    """Apps over an agent; `secrets` holds values by their source, `token` is what callers must bring.

    `release` is "0.9" or "1.4" for one that has the schema and the ways of that time.
    """

    def __init__(
        self, agent: Agent, *, speed: float = 1.0, secrets: Mapping[str, str] | None = None, release: str = ""
    ) -> None:
        self.agent = agent
        self.release = release
        self.speed = speed
        self.secrets = dict(secrets or {})
        self.token = ""
        self.apps: dict[str, App] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Endpoint,), {"marathon": self}))
        self._threads = [
            threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}),
            threading.Thread(target=self._run),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop every task and the endpoint."""
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join()
        for app in self.apps.values():
            for task in app.tasks:
                task.running.stop(0.0)

    def put(self, name: str, body: Any, *, partial: bool, force: bool) -> tuple[int, Any]:
        """Return status and answer to a new definition of an app."""
        partial = partial or self.release == "0.9"
        if problems := [*marathon_problems(body, self.release), *unready(body)]:
            return 422, {"message": "Object is not valid", "details": [{"path": "/", "errors": problems}]}
        with self._lock:
            app = self.apps.get(name)
            if app is not None and app.deployment and not force:
                locked = {
                    "message": "App is locked by one or more deployments.",
                    "deployments": [{"id": app.deployment}],
                }
                return 409, locked
            number = next(self._numbers)
            version, deployment = f"2026-01-01T00:00:{number:02d}.000Z", f"deployment-{number}"
            if app is None:
                self.apps[name] = App(body, version, version, deployment=deployment)
                return 201, {"version": version, "deploymentId": deployment}
            wanted = {**app.definition, **body} if partial else body
            same = {k: v for k, v in wanted.items() if k not in SCALING} == {
                k: v for k, v in app.definition.items() if k not in SCALING
            }
            app.definition, app.version, app.deployment = wanted, version, deployment
            app.config_version = app.config_version if same else version
            app.most, app.fewest_healthy = len(app.tasks), sum(task.healthy for task in app.tasks)
            return 200, {"version": version, "deploymentId": deployment}

    def get(self, name: str) -> tuple[int, Any]:
        """Return status and answer to a question about an app."""
        with self._lock:
            app = self.apps.get(name)
            if app is None:
                return 404, {"message": f"App '{name}' does not exist"}
            told = {
                **app.definition,
                "version": app.version,
                "tasksRunning": len(app.tasks),
                "tasksHealthy": sum(task.healthy for task in app.tasks),
                **({"lastTaskFailure": app.last_failure} if app.last_failure else {}),
            }
            return 200, {"app": told}

    def deployments(self) -> list[dict[str, Any]]:
        """Return the deployments that go on."""
        with self._lock:
            return [{"id": app.deployment, "affectedApps": [name]} for name, app in self.apps.items() if app.deployment]

    def _run(self) -> None:
        while not self._over.wait(TICK_S):
            for app in list(self.apps.values()):
                with self._lock:
                    self._look(app)
                    self._move(app)

    def _look(self, app: App) -> None:
        """Learn which tasks have ended, and ask those that are due for their health and readiness."""
        for task in list(app.tasks):
            if task.running.ended() is not None:
                app.tasks.remove(task)
                if not task.stopping:
                    app.last_failure = {"state": "TASK_FAILED", "message": f"exit code {task.running.ended()}"}
                continue
            self._check(app, task)

    def _check(self, app: App, task: Task) -> None:
        now = time.monotonic()
        for check in app.definition.get("healthChecks", ()):
            if (now - task.checked) * self.speed < check["intervalSeconds"]:
                continue
            task.checked = now
            if self._good(task, check["path"], check["timeoutSeconds"]):
                task.healthy, task.failures = True, 0
            elif task.healthy or (now - task.started) * self.speed > check["gracePeriodSeconds"]:
                task.failures += 1
                if task.failures >= check["maxConsecutiveFailures"] and not task.stopping:
                    app.last_failure = {
                        "state": "TASK_KILLED",
                        "message": f"{check['path']} failed {task.failures} times",
                    }
                    self._stop(app, task)
        checks = app.definition.get("readinessChecks", ())
        task.ready = task.ready or not checks
        for check in checks:
            if not task.ready and (now - task.asked) * self.speed >= check["intervalSeconds"]:
                task.asked = now
                task.ready = self._good(task, check["path"], check["timeoutSeconds"])

    def _good(self, task: Task, path: str, timeout_s: float) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return 200 <= task.running.status(path, timeout_s) < 400
        return False

    def _move(self, app: App) -> None:
        """Start and stop what brings the app nearer to its definition, within what its strategy allows."""
        wanted, strategy = app.definition["instances"], app.definition.get("upgradeStrategy", {})
        there = [task for task in app.tasks if not task.stopping]
        new = [task for task in there if task.version == app.config_version]
        old = [task for task in there if task.version != app.config_version]
        good = [task for task in new if task.healthy and task.ready]
        healthy = len(good) + sum(task.healthy for task in old)
        if app.deployment and app.fewest_healthy:
            app.fewest_healthy = min(app.fewest_healthy, healthy)
        least = math.ceil(wanted * strategy.get("minimumHealthCapacity", 1.0))
        most = math.floor(wanted * (1 + strategy.get("maximumOverCapacity", 1.0)))
        for task in old[: max(0, healthy - least)] if len(good) < wanted else old:
            self._stop(app, task)
        for task in new[wanted:]:
            self._stop(app, task)
        for _ in range(min(wanted - len(new), most - len(app.tasks))):
            self._start(app)
        app.most = max(app.most, len(app.tasks))
        if not old and len(good) == len(new) == wanted and len(app.tasks) == wanted:
            app.deployment = ""

    def _start(self, app: App) -> None:
        named = app.definition.get("secrets", {})
        variables = {
            name: self.secrets[named[value["secret"]]["source"]] if isinstance(value, dict) else value
            for name, value in app.definition.get("env", {}).items()
        }
        number = next(self._numbers)
        running = self.agent.start(app.definition, variables)
        app.tasks.append(Task(f"task-{number}", app.config_version, running, time.monotonic()))

    def _stop(self, app: App, task: Task) -> None:
        task.stopping, task.healthy = True, False
        task.running.stop(app.definition.get("taskKillGracePeriodSeconds", 3) / self.speed)


def unready(app: Mapping[str, Any]) -> list[str]:
    """Return what Marathon refuses of readiness checks that its schemas let pass."""
    times = [(each["timeoutSeconds"], each["intervalSeconds"]) for each in app.get("readinessChecks", ())]
    return [
        f"readinessChecks: {timeout} must be less than {interval}" for timeout, interval in times if timeout >= interval
    ]


class Endpoint(BaseHTTPRequestHandler):
    """Marathon's REST endpoint, as far as it is used."""

    marathon: Marathon

    def do_GET(self) -> None:
        self._answer(*self._got())

    def do_PUT(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        parts = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(parts.query)
        if not self._may():
            return self._answer(401, {"message": "Invalid username or password."})
        partial, force = query.get("partialUpdate") != ["false"], query.get("force") == ["true"]
        return self._answer(*self.marathon.put(parts.path.removeprefix("/v2/apps"), body, partial=partial, force=force))

    def _got(self) -> tuple[int, Any]:
        path = urllib.parse.urlsplit(self.path).path
        if not self._may():
            return 401, {"message": "Invalid username or password."}
        if path == "/v2/deployments":
            return 200, self.marathon.deployments()
        return self.marathon.get(path.removeprefix("/v2/apps"))

    def _may(self) -> bool:
        return not self.marathon.token or self.headers.get("Authorization") == self.marathon.token

    def _answer(self, status: int, said: Any) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def marathon(agent: Agent, **options: Any) -> Iterator[Marathon]:
    """Hold a Marathon over an agent."""
    made = Marathon(agent, **options)
    try:
        yield made
    finally:
        made.close()
