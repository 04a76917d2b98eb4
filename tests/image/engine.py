"""A real Docker engine: the one that is there, else one of the tests' own that leaves the machine's network alone.

An engine of our own runs twice over the same images. While it builds, containers share the machine's network, because
they fetch packages. While it runs, it lives in a network namespace, where it may have bridges and published ports.
"""

import contextlib
import ctypes
import http.client
import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
RELEASE = os.environ.get("TRIGLOT_IMAGE_RELEASE", "trixie")
BASE = f"debian:{RELEASE}-slim"
ON_BASE = ("--build-arg", f"DEBIAN={BASE}")
NETNS = Path("/run/netns")
_CLONE_NEWNET = 0x40000000
START_S = 30.0
STOP_S = 60.0
BUILD_S = 900.0
COMMAND_S = 180.0


class Engine:
    """An engine by its command line, and its published ports by HTTP."""

    def __init__(self, docker: str, environ: dict[str, str], build_options: tuple[str, ...] = ()) -> None:
        self.docker = docker
        self.environ = {**os.environ, **environ}
        self.build_options = build_options
        self.namespace: Path | None = None

    def run(self, *arguments: str, check: bool = True, timeout_s: float = COMMAND_S) -> str:
        """Return what `docker ARGUMENTS` said; with `check` it must have succeeded."""
        done = subprocess.run(
            [self.docker, *arguments],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
        )
        assert done.returncode == 0 or not check, f"docker {' '.join(arguments)}\n{done.stdout}"
        return done.stdout.strip()

    def inspect(self, what: str, form: str) -> Any:
        """Return a part of what `docker inspect` tells, by a template of Go."""
        return json.loads(self.run("inspect", "--format", f"{{{{json {form}}}}}", what))

    def has(self, image: str) -> bool:
        """Whether an image is there."""
        return bool(self.run("images", "--quiet", image))

    def ask(self, port: int, path: str, body: Any = None, timeout_s: float = 30.0) -> tuple[int, Any]:
        """Return status and JSON of a request to a published port of this machine, or of the engine's namespace."""

        def request() -> tuple[int, Any]:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
            try:
                data = None if body is None else json.dumps(body)
                headers = {"Content-Type": "application/json"}
                connection.request("GET" if body is None else "POST", path, data, headers)
                response = connection.getresponse()
                return response.status, json.loads(response.read())
            finally:
                connection.close()

        return request() if self.namespace is None else _within(self.namespace, request)


def _within(namespace: Path, work: Callable[[], T]) -> T:
    """Return what a thread does in another network namespace, where its sockets then are."""
    found: list[T] = []
    failed: list[BaseException] = []

    def there() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        with namespace.open() as file:
            if libc.setns(file.fileno(), _CLONE_NEWNET) != 0:
                failed.append(OSError(ctypes.get_errno(), f"cannot enter {namespace}"))
                return
        try:
            found.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=there)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return found[0]


@contextlib.contextmanager
def engine(build: Callable[[Engine], None]) -> Iterator[Engine]:
    """Hold an engine on which `build` has been done."""
    for program in ("docker", "/usr/bin/docker"):
        with contextlib.suppress(OSError):
            if subprocess.run([program, "info"], capture_output=True, timeout=COMMAND_S).returncode == 0:
                there = Engine(program, {})
                if not there.has(BASE):
                    there.run("pull", BASE)
                build(there)
                yield there
                return
    assert os.getuid() == 0, "there is no engine that answers, and only root can start one"
    with tempfile.TemporaryDirectory(prefix="engine-") as work:
        folder = Path(os.environ.get("TRIGLOT_ENGINE", work))  # a folder that stays makes the next run short
        folder.mkdir(parents=True, exist_ok=True)
        socket = f"unix://{work}/docker.sock"
        # Debian's own command, whose BuildKit needs no plug-in
        own = Engine("/usr/bin/docker", {"DOCKER_HOST": socket}, ("--network", "host"))
        with _daemon(own, folder, ["--bridge=none", "--iptables=false", "--ip6tables=false"]):
            if not own.has(BASE):
                subprocess.run([ROOT / "tests" / "image" / "bases.sh", RELEASE, folder / "base.tar"], check=True)
                own.run("import", "--change", 'CMD ["bash"]', str(folder / "base.tar"), BASE)
            build(own)
        own.namespace = NETNS / f"engine-{os.getpid()}"
        subprocess.run(["ip", "netns", "add", own.namespace.name], check=True)
        try:
            subprocess.run(["ip", "-n", own.namespace.name, "link", "set", "lo", "up"], check=True)
            with _daemon(own, folder, [], "nsenter", f"--net={own.namespace}"):
                yield own
        finally:
            subprocess.run(["ip", "netns", "del", own.namespace.name], check=True)


@contextlib.contextmanager
def _daemon(own: Engine, folder: Path, options: list[str], *around: str) -> Iterator[None]:
    """Hold a dockerd that answers; all its containers end with it."""
    log = folder / "dockerd.log"
    with log.open("wb") as out:
        daemon = subprocess.Popen(
            [
                *(*around, "/usr/sbin/dockerd", "--host", own.environ["DOCKER_HOST"]),
                *("--data-root", str(folder / "data"), "--exec-root", str(folder / "exec")),
                *("--pidfile", str(folder / "dockerd.pid"), *options),
            ],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + START_S
        while subprocess.run([own.docker, "info"], env=own.environ, capture_output=True).returncode != 0:
            assert daemon.poll() is None, log.read_text("utf-8", "replace")
            assert time.monotonic() < deadline, log.read_text("utf-8", "replace")
            time.sleep(0.1)
        yield
        for container in own.run("ps", "--all", "--quiet").split():
            own.run("rm", "--force", "--volumes", container)
    finally:
        daemon.send_signal(signal.SIGTERM)
        try:
            daemon.wait(STOP_S)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(daemon.pid, signal.SIGKILL)
            daemon.wait(STOP_S)
