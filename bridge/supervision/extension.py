"""`python -m triglot.supervision.extension FILE`: supervisord, extended, with an exit code that tells how it went.

supervisord takes extensions as RPC interfaces; the one here hears of every change of a process's state. It has what
died started again at once, unless it crashes again and again (`crashes.py`), tells the run directory what is wrong
(`condition.py`), starts what tells when all can be asked (`greeting.py`), and offers two calls: `triglot.resize`
adds workers to a group or takes some away and leaves the others alone, `triglot.restart` restarts one process.
"""

import contextlib
import fcntl
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from supervisor import events, supervisord
from supervisor.http import NOT_DONE_YET
from supervisor.options import ServerOptions, make_namespec, split_namespec
from supervisor.states import RUNNING_STATES, STOPPED_STATES, ProcessStates, SupervisorStates
from supervisor.xmlrpc import Faults, RPCError

from triglot.logs.lines import TEXT
from triglot.supervision import greeting
from triglot.supervision.crash_loops import Crashes, CrashLoop
from triglot.supervision.programs import IN_ORDER, STOPPED, Programs
from triglot.supervision.shaping import FIRST, Shaping
from triglot.supervision.status import note_programs, note_troubles, told, troubles
from triglot.tally.slots import forget

EXIT_UNHEALTHY = 1
# What a worker's own exit codes mean; the worker says more in its log.
_MEANINGS = {71: "more memory in use than it may have", 75: "a call that did not stop after its deadline"}


_ENDS = (
    events.ProcessStateExitedEvent,
    events.ProcessStateStoppedEvent,
    events.ProcessStateBackoffEvent,
    events.ProcessStateFatalEvent,
)


class Wakeup:
    """A pipe among the files that supervisord waits for, which otherwise looks after its children once a second.

    Python itself writes to it when a signal comes, as it does when a child ends.
    """

    def __init__(self, files: dict[int, Any]) -> None:
        self._next: list[Callable[[], object]] = []
        for number in [number for number, other in files.items() if isinstance(other, Wakeup)]:
            del files[number]  # after a reload, which has closed it
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        files[self._read] = self
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)

    def wake(self) -> None:
        """Have supervisord go round once more without waiting."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._write, b"\0")

    def soon(self, task: Callable[[], object]) -> None:
        """Have something done when supervisord goes round next, and no event is being told of any more."""
        self._next.append(task)
        self.wake()

    def readable(self) -> bool:
        """Whether supervisord shall wait for this."""
        return True

    def writable(self) -> bool:
        """Whether supervisord shall wait until this can be written to."""
        return False

    def handle_read_event(self) -> None:
        """Do what was to be done then."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._read, 4096)
        tasks, self._next = self._next, []
        for task in tasks:
            task()

    def handle_error(self) -> None:
        """Go on: at worst supervisord waits for its second again."""


class Greeter:
    """The process that tells when all can be asked, among the children whose ends supervisord expects."""

    def __init__(self, run_dir: Path, form: str, children: dict[int, Any]) -> None:
        # a session of its own: a Ctrl-C at the terminal is supervisord's, with which it ends
        command = [sys.executable, "-m", "triglot.supervision.greeting", str(run_dir), form]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        children[self._process.pid] = self

    def finish(self, pid: int, status: int) -> None:
        """Take note of its end, which supervisord has seen."""
        self._process.returncode = os.waitstatus_to_exitcode(status)


class Extension:
    """What supervisord calls as `triglot.*`, and what listens to its events."""

    def __init__(self, daemon: Any, run_dir: Path, loop: CrashLoop, form: str = TEXT, kept_bytes: int = 0) -> None:
        self._daemon = daemon
        self._shaping = Shaping(daemon.options, run_dir, form, kept_bytes)
        self._run_dir = run_dir
        self._crashes = Crashes(loop)
        self._told: dict[str, str] = {}
        self._programs = Programs()
        self._restarting: set[str] = set()
        self._wakeup = Wakeup(daemon.options.get_socket_map())
        self._wakeup.wake()  # the first programs start now
        note_troubles(run_dir, {})
        note_programs(run_dir, {})
        forget(run_dir)
        events.subscribe(events.ProcessStateEvent, self._heard)
        events.subscribe(events.ProcessGroupRemovedEvent, self._heard)
        events.subscribe(events.Tick5Event, self._heard)
        noted, children = greeting.is_noted(run_dir), daemon.options.pidhistory
        self._greeter = Greeter(run_dir, form, children) if noted else None

    def resize(self, name: str) -> Any:
        """Make a group have the processes that the configuration file says now; those that stay are not touched.

        @param string name         name of the group
        @return boolean result     true once those that had to go have ended
        """
        options = self._daemon.options
        try:
            options.process_config(do_usage=False)
        except ValueError as error:
            raise RPCError(Faults.CANT_REREAD, str(error)) from None
        wanted = next((config for config in options.process_group_configs if config.name == name), None)
        group = self._daemon.process_groups.get(name)
        if group is None:
            if wanted is None:
                raise RPCError(Faults.BAD_NAME, name)
            return bool(self._daemon.add_process_group(wanted))
        configs = {} if wanted is None else {config.name: config for config in wanted.process_configs}
        for key in configs.keys() - group.processes.keys():
            configs[key].create_autochildlogs()
            group.processes[key] = configs[key].make_process(group)
        leaving = group.processes.keys() - configs.keys()
        for key in leaving:
            self._restarting.discard(make_namespec(name, key))
            if group.processes[key].get_state() in RUNNING_STATES:
                group.processes[key].stop()

        def ended() -> Any:
            if any(group.processes[key].get_state() not in STOPPED_STATES for key in leaving):
                return NOT_DONE_YET
            for key in leaving:
                del group.processes[key]
                self._crashes.stopped(make_namespec(name, key))
            self._tell()
            if wanted is None:
                self._daemon.remove_process_group(name)
            else:
                group.config = wanted
            return True

        ended.delay = 0.05  # type: ignore[attr-defined]
        return ended

    def restart(self, name: str) -> bool:
        """Have a process stop in its own time and start again, whoever asks being gone by then; it may be the caller.

        @param string name         name of the process, with its group's before it as in `group:name`
        @return boolean result     true at once
        """
        group, process_name = split_namespec(name)
        known = self._daemon.process_groups.get(group)
        process = None if known is None else known.processes.get(process_name)
        if process is None:
            raise RPCError(Faults.BAD_NAME, name)
        state = process.get_state()
        if state in STOPPED_STATES:
            self._wakeup.soon(process.spawn)
        else:
            self._restarting.add(name)
        if state in RUNNING_STATES:
            process.stop()
        return True

    def _heard(self, event: Any) -> None:
        """Take in one event; whatever goes wrong here, supervisord goes on."""
        if isinstance(event, events.ProcessStateStartingEvent):
            self._shaping.starting(event.process)
        elif isinstance(event, _ENDS):
            self._shaping.ended(event.process)
        if self._daemon.options.mood < SupervisorStates.RUNNING:
            return  # what ends now was meant to
        try:
            now = time.monotonic()
            if isinstance(event, events.Tick5Event):
                self._crashes.settle(now)
            elif isinstance(event, events.ProcessGroupRemovedEvent):
                for name in [name for name in self._crashes.troubles if split_namespec(name)[0] == event.group]:
                    self._crashes.stopped(name)
                self._programs.removed(event.group)
                note_programs(self._run_dir, self._programs.all)
            else:
                self._changed(event, now)
                self._note(event)
            self._tell()
        except Exception as error:
            self._daemon.options.logger.critical(f"triglot.supervision.extension: {type(error).__name__}: {error}")

    def _tell(self) -> None:
        """Write down what is wrong, if that has changed."""
        if self._told != self._crashes.troubles:
            note_troubles(self._run_dir, self._crashes.troubles)
            self._told = dict(self._crashes.troubles)

    def _note(self, event: Any) -> None:
        """Write down what a program has come to."""
        process = event.process
        name = make_namespec(process.group.config.name, process.config.name)
        if isinstance(event, events.ProcessStateRunningEvent):
            self._programs.running(name, process.pid)
        elif isinstance(event, events.ProcessStateExitedEvent) and event.expected:
            self._programs.ended(name, IN_ORDER)
        elif isinstance(event, events.ProcessStateExitedEvent):
            self._programs.crashed(name, _how(process.exitstatus), time.time())
        elif isinstance(event, events.ProcessStateBackoffEvent):
            self._programs.crashed(name, "right after its start", time.time())
        elif isinstance(event, events.ProcessStateStoppedEvent):
            self._programs.ended(name, STOPPED)
        else:
            return
        note_programs(self._run_dir, self._programs.all)

    def _changed(self, event: Any, now: float) -> None:
        process = event.process
        name = make_namespec(process.group.config.name, process.config.name)
        if isinstance(event, events.ProcessStateRunningEvent):
            self._crashes.running(name, now)
        elif isinstance(event, events.ProcessStateStoppedEvent):
            self._crashes.stopped(name)
            if name in self._restarting:
                self._restarting.discard(name)
                self._wakeup.soon(process.spawn)  # supervisord has not done with its end yet
        elif isinstance(event, events.ProcessStateFatalEvent):
            self._crashes.given_up(name, "it ended at every start; its log says why")
        elif isinstance(event, events.ProcessStateBackoffEvent):
            self._crashes.crashed(name, now, "an end right after its start")
        elif isinstance(event, events.ProcessStateExitedEvent):
            wait_s = 0.0 if event.expected else self._crashes.crashed(name, now, _how(process.exitstatus))
            if wait_s:
                self._hold(process, name, wait_s)
            else:
                self._wakeup.wake()  # it is started again when supervisord goes round next

    def _hold(self, process: Any, name: str, wait_s: float) -> None:
        """Start an exited process no sooner than after `wait_s`; its state is BACKOFF until then."""
        process.state = ProcessStates.BACKOFF
        process.backoff = 1
        process.delay = time.time() + wait_s
        process.spawnerr = self._crashes.troubles[name]
        self._daemon.options.logger.warn(f"{name} {process.spawnerr}; it is started again in {wait_s:g} s")


def _how(code: int) -> str:
    if code < 0:
        return "a signal"
    return f"exit code {code}" + (f" ({_MEANINGS[code]})" if code in _MEANINGS else "")


def make_extension(
    daemon: Any, run_dir: str, log_format: str = TEXT, log_kept_bytes: str = "0", **loop: str
) -> Extension:
    """Return the extension; supervisord hands over what its configuration says under `rpcinterface:triglot`."""
    numbers: dict[str, Any] = {key: float(value) for key, value in loop.items()}
    return Extension(daemon, Path(run_dir), CrashLoop(**numbers), log_format, int(log_kept_bytes))


def _write_behind_others() -> None:
    """Have a log that is a file written at its end: supervisord opens it once more for each of its programs."""
    if stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode):
        fcntl.fcntl(sys.stdout, fcntl.F_SETFL, fcntl.fcntl(sys.stdout, fcntl.F_GETFL) | os.O_APPEND)


class Options(ServerOptions):  # type: ignore[misc]
    """supervisord's own, whose first lines wait until they have the shape of all others."""

    def make_logger(self) -> None:
        """Make the log, and keep for later what there is to tell already."""
        first = list(self.parse_infos)
        self.parse_infos.clear()
        super().make_logger()
        setattr(self, FIRST, first)


def main(conf: Path) -> int:
    """Run supervisord until it is told to end; return 1 where something of it was in trouble then."""
    _write_behind_others()
    supervisord.ServerOptions = Options
    supervisord.main(["--nodaemon", "--configuration", str(conf)])
    if found := troubles(conf.parent):
        print(told(found), file=sys.stderr)
        return EXIT_UNHEALTHY
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
