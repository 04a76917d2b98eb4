"""An upgrade without a lost request: a new back end in, confirmed by a real prediction, the old one drained out.

nginx takes its back ends from a file of its own. That file is written anew and nginx reloads; the old back end goes on
until the last worker of nginx that knows it has gone, and is then told to drain. Whatever fails before, the new back
end is ended and all is as it was.
"""

import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from triglot.deploy import nginx
from triglot.deploy.backend import BackEnd, Question, UpgradeFailed, same
from triglot.errors import ConfigError

NOTHING: Final = object()
SERVE: Final = (sys.executable, "-m", "triglot", "serve")
RELOAD_S: Final = 10.0
LOOK_S: Final = 0.05
DEFAULT_PID: Final = "/run/nginx.pid"
_PID: Final = re.compile(r"^\s*pid\s+(\S+?)\s*;", re.MULTILINE)
# what `nginx -T` writes before each file that it has read
_FILE: Final = re.compile(r"^# configuration file (.+):$", re.MULTILINE)


class Nginx:
    """A running nginx, known by its configuration."""

    def __init__(self, config: Path) -> None:
        self.config = config
        try:
            # read as nginx does, to whom all but ASCII is bytes
            found = _PID.search(config.read_text("utf-8", "surrogateescape"))
        except OSError as error:
            raise ConfigError(f"--nginx-config {str(config)!r}: {error.strerror}; name nginx's own file") from None
        self._pid_file = Path(found[1] if found else DEFAULT_PID)

    @property
    def master(self) -> int | None:
        """The process id of nginx, or None where it does not run."""
        try:
            pid = int(self._pid_file.read_text("ascii"))
            return pid if b"nginx: master" in Path(f"/proc/{pid}/cmdline").read_bytes() else None
        except (OSError, ValueError):
            return None

    def reload(self, upstream: Path) -> set[int]:
        """Have nginx take its back ends anew from a file; return the workers that go on with the old ones meanwhile.

        Raises `UpgradeFailed` where the configuration does not hold or has no such file, or nginx goes on without it.
        """
        try:
            done = subprocess.run([program(), "-T", "-q", "-c", str(self.config)], capture_output=True, text=True)
        except FileNotFoundError:
            raise UpgradeFailed("there is no program nginx on the PATH") from None
        master = self.master
        if done.returncode or master is None:
            raise UpgradeFailed(f"nginx refuses its configuration: {done.stderr.strip() or 'it does not run'}")
        if upstream.resolve() not in {Path(path).resolve() for path in _FILE.findall(done.stdout)}:
            raise UpgradeFailed(f"nginx does not take its back ends from {str(upstream)!r}: see {self.config}")
        before = _children(master)
        try:
            os.kill(master, signal.SIGHUP)
        except PermissionError:
            raise UpgradeFailed(f"nginx (process {master}) is not yours to reload; run this as its user") from None
        deadline = time.monotonic() + RELOAD_S
        while not _children(master) - before:
            if time.monotonic() > deadline:
                raise UpgradeFailed("nginx was told to reload and did not; see its error log")
            time.sleep(LOOK_S)
        return before

    def wait_until_gone(self, workers: set[int], wait_s: float) -> bool:
        """Return whether these workers have answered what they had, and ended, in time."""
        deadline = time.monotonic() + wait_s
        while (master := self.master) is not None and _children(master) & workers:
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_S)
        return True


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What an upgrade needs to know; times are in seconds.

    upstream is nginx's file of back ends, folder the one of their run directories; expect is the result that the
    question must have (`NOTHING`: the one that the old back end gives), front the URL under which nginx is asked, too;
    command serves, and is told `--host` and `--port`.
    """

    upstream: Path
    nginx: Nginx
    folder: Path
    cwd: Path
    question: Question
    expect: Any = NOTHING
    front: str = ""
    command: Sequence[str] = SERVE
    environ: Mapping[str, str] = field(default_factory=dict)
    load_s: float = 120.0
    drain_s: float = 60.0
    stop_s: float = 180.0
    tell: Callable[[str], None] = print

    def run(self) -> BackEnd:
        """Carry the upgrade out; return the new back end. Raises `UpgradeFailed`, all being as it was."""
        with self._alone():
            before = self._written()
            old = [BackEnd(each, self.folder) for each in nginx.servers_of(before or "")]
            if old and self.nginx.master is None:
                raise UpgradeFailed(f"nginx does not run; start it first: nginx -c {self.nginx.config}")
            new = BackEnd.start(self.folder, self.cwd, self.command, self.environ)
            try:
                self.tell(f"starting a new back end on {new.address}")
                new.wait_until_ready(self.load_s)
                answer = self._confirm(new, old)
                leaving = self._switch(new, before, answer)
            except BaseException:
                new.stop(self.stop_s)
                new.forget()
                raise
            self._retire(old, leaving)
            return new

    def _confirm(self, new: BackEnd, old: Sequence[BackEnd]) -> Any:
        """Return the new back end's answer; raises `UpgradeFailed` where another one was to be expected."""
        answer = self.question.ask(new.url)
        expected = self.expect
        if expected is NOTHING and old:
            try:
                expected = self.question.ask(old[0].url)
            except UpgradeFailed as error:
                raise UpgradeFailed(
                    f"the old back end cannot be compared with: {error}; say what to --expect"
                ) from None
        if expected is not NOTHING and not same(answer, expected):
            raise UpgradeFailed(
                f"the new back end answers {answer!r}, and {expected!r} was expected; nothing was switched. If the new "
                "answer is right, --expect it"
            )
        self.tell(f"it answers {answer!r}" + (", as expected" if expected is not NOTHING else ""))
        return answer

    def _switch(self, new: BackEnd, before: str | None, answer: Any) -> set[int]:
        """Put the new back end behind nginx; return the workers of nginx that still know the old one."""
        self._write(nginx.upstream([new.address]))
        if self.nginx.master is None:
            self.tell(f"nginx does not run yet; start it: nginx -c {self.nginx.config}")
            return set()
        try:
            leaving = self.nginx.reload(self.upstream)
            if self.front:
                self._ask_by_nginx(answer)
        except BaseException:
            self._restore(before)
            raise
        self.tell(f"nginx asks {new.address} from now on")
        return leaving

    def _ask_by_nginx(self, answer: Any) -> None:
        """Return once nginx brings this answer, too; workers that are about to go may still bring the old one."""
        deadline = time.monotonic() + RELOAD_S
        while not same(found := self.question.ask(self.front), answer):
            if time.monotonic() > deadline:
                raise UpgradeFailed(f"{self.front} answers {found!r}, and the new back end {answer!r}; switched back")
            time.sleep(LOOK_S)

    def _restore(self, before: str | None) -> None:
        if before is None:
            self.upstream.unlink(missing_ok=True)
            return
        self._write(before)
        with contextlib.suppress(UpgradeFailed):
            self.nginx.wait_until_gone(self.nginx.reload(self.upstream), self.drain_s)

    def _retire(self, old: Sequence[BackEnd], leaving: set[int]) -> None:
        if not self.nginx.wait_until_gone(leaving, self.drain_s):
            self.tell(f"after {self.drain_s:g} s some callers still hold connections; they are not waited for")
        for each in old:
            stopped = each.stop(self.stop_s)
            if stopped:
                each.forget()
            self.tell(
                f"the old back end on {each.address} has drained and ended"
                if stopped
                else f"the back end on {each.address} is not one of {self.folder}: stop it yourself"
            )

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Refuse to run beside another upgrade of the same nginx."""
        try:
            lock = self.upstream.with_name(f".{self.upstream.name}.lock").open("w")
        except OSError as error:
            raise ConfigError(f"--upstream {str(self.upstream)!r}: {error.strerror}") from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UpgradeFailed(f"another upgrade of {str(self.upstream)!r} goes on; wait for it") from None
            yield

    def _written(self) -> str | None:
        try:
            return self.upstream.read_text("utf-8", "surrogateescape")
        except FileNotFoundError:
            return None

    def _write(self, text: str) -> None:
        half = self.upstream.with_name(f".{self.upstream.name}.new")
        half.write_text(text, "utf-8", "surrogateescape")
        half.replace(self.upstream)


def program() -> str:
    """Return nginx, which Debian keeps off the path of those who are not root."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or "nginx"


def _children(pid: int) -> set[int]:
    with contextlib.suppress(OSError):
        return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()}
    return set()
