"""The configuration of supervisord: the front end, a group of workers a pool, restarts without delay.

Programs and groups are named as operators type them: `supervisorctl restart workers-r:*`. Priorities: workers 10,
job runner 15 (where jobs are switched on), front end and messages 20; supervisord stops them in the reverse order, so
that the front end goes first and the workers answer what it still holds.
"""

import configparser
import io
import logging
import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from triglot.errors import ConfigError
from triglot.languages.launch import algebra_environment, worker_command, worker_environment
from triglot.languages.pools import group_of, language_of
from triglot.logs import TEXT, level_of
from triglot.supervision.crash_loops import CrashLoop
from triglot.supervision.programs import WORKERS
from triglot.transport.discovery import local_endpoint

STOP_WAIT_S = 30
WEB_STOP_WAIT_S = 20
LARGEST_READ_BYTES = 2**20  # a long body reaches Python in pieces of this size: each costs a turn of the event loop
CONNECTIONS = 8_192  # of each process, idle ones among them: they cost some kilobytes, and no one's place
_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")


def has_no_address(error: OSError) -> bool:
    """Whether a front end cannot listen because nobody knows its host's name: the resolver's errors are below 0."""
    return (error.errno or 0) < 0


def why_not_bound(error: OSError) -> str:
    """Return in words why a front end cannot listen."""
    if has_no_address(error):
        return (error.strerror or "").partition(" (while")[0] or "this name has no address"
    return os.strerror(error.errno or 0)


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """Where the front end listens, and how wide it is; at `grpc_port`, where that is not 0, by gRPC."""

    host: str = "127.0.0.1"
    port: int = 8000
    processes: int = 2
    threads: int = 16
    grpc_port: int = 0

    @property
    def ports(self) -> tuple[int, ...]:
        """Where it listens."""
        return (self.port, self.grpc_port) if self.grpc_port else (self.port,)

    def command(self) -> list[str]:
        """Return the command line that serves the ASGI application of `triglot.server.asgi`, threads and all."""
        return [
            *(sys.executable, "-m", "triglot.server", "--interface", "asgi"),
            *("--host", self.host, "--port", str(self.port), "--workers", str(self.processes)),
            # no --workers-kill-timeout: granian may take a process that has just ended for a living one, as another of
            # its threads has waited for it, and kill whoever has its number now; supervisord kills what does not end
            *("--no-ws", "--respawn-failed-workers"),
            *("--http1-buffer-size", str(LARGEST_READ_BYTES)),
            *("--backlog", str(CONNECTIONS), "--backpressure", str(CONNECTIONS)),
            *("--log-level", "warning", "triglot.server.asgi:app"),
        ]

    def grpc_command(self) -> list[str]:
        """Return the command line of one process that answers by gRPC; all of them share the port."""
        return [
            *(sys.executable, "-m", "triglot.server.grpc"),
            *("--host", self.host, "--port", str(self.grpc_port)),
        ]


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is to be supervised together; `workers` says how many each pool has.

    log_format: of supervisord's own lines, and of what programs write past their logs. kept_bytes: how long the log's
    copy in the run directory becomes, 0 for none.
    """

    run_dir: Path
    directory: Path
    workers: Mapping[str, int]
    front_end: FrontEnd
    key_file: Path | None = None
    jobs: bool = False
    messages: bool = False
    crash_loop: CrashLoop = field(default_factory=CrashLoop)
    environment: Mapping[str, str] = field(default_factory=dict)
    log_format: str = TEXT
    kept_bytes: int = 0


def supervisord_conf(plan: Plan, environ: Mapping[str, str]) -> str:
    """Return the text of a supervisord configuration; raises `ConfigError` for a value that it cannot hold."""
    socket = plan.run_dir / "supervisor.sock"
    sections = [
        ("unix_http_server", {"file": _text(socket), "chmod": "0700"}),
        (
            "supervisord",
            {
                "nodaemon": "true",
                "logfile": "/dev/null",
                "logfile_maxbytes": "0",
                **({"loglevel": "warn"} if level_of(environ) > logging.INFO else {}),
                "pidfile": _text(plan.run_dir / "supervisord.pid"),
                "directory": _text(plan.directory),
                # supervisord expands this one entry twice
                "environment": _environment(plan.environment).replace("%", "%%"),
                **({"user": "root"} if os.getuid() == 0 else {}),
            },
        ),
        ("rpcinterface:triglot", _extension(plan)),  # the first, as it shapes what the others say
        (
            "rpcinterface:supervisor",
            {"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"},
        ),
        ("supervisorctl", {"serverurl": f"unix://{_text(socket)}"}),
    ]
    for pool, count in plan.workers.items():
        if count:
            sections.append((_section(pool), _workers(plan, pool, environ)))
    if plan.jobs:
        runner = _program([sys.executable, "-m", "triglot", "jobs", "run"], priority=15, stop_wait_s=STOP_WAIT_S)
        sections.append(("program:jobs", runner))
    web = _program(plan.front_end.command(), priority=20, stop_wait_s=WEB_STOP_WAIT_S)
    sections.append(("program:web", web | {"environment": _environment(algebra_environment(environ))}))
    if plan.front_end.grpc_port:
        sections.append(("program:grpc", _grpc(plan.front_end, environ)))
    if plan.messages:
        post = _program([sys.executable, "-m", "triglot.messages"], priority=20, stop_wait_s=WEB_STOP_WAIT_S)
        sections.append(("program:messages", post | {"environment": _environment(algebra_environment(environ))}))
    return "\n".join(f"[{name}]\n" + "".join(f"{k}={v}\n" for k, v in body.items() if v) for name, body in sections)


def shutdown_s(pools: Sequence[str], *, jobs: bool, grpc: bool = False, messages: bool = False) -> int:
    """Return the seconds that supervisord may take to stop: its groups go one after another, each in its own time."""
    front_ends = [WEB_STOP_WAIT_S] * (1 + grpc + messages)
    waits = [*front_ends, *([STOP_WAIT_S] if jobs else []), *(STOP_WAIT_S for _ in pools)]
    return sum(waits) + len(waits)  # it looks once a second whether a group has ended


def resized(text: str, plan: Plan, pool: str, environ: Mapping[str, str]) -> str:
    """Return a configuration with as many workers of a pool as the plan has, and nothing else changed."""
    conf = configparser.RawConfigParser()
    conf.optionxform = str  # type: ignore[assignment,method-assign]
    conf.read_string(text)
    section, count = _section(pool), plan.workers.get(pool, 0)
    if not count:
        conf.remove_section(section)
    elif conf.has_section(section):
        conf[section]["numprocs"] = str(count)
    else:
        conf[section] = {key: value for key, value in _workers(plan, pool, environ).items() if value}
    written = io.StringIO()
    conf.write(written, space_around_delimiters=False)
    return written.getvalue()


def program_of(pool: str) -> str:
    """Return the name that supervisord has for all workers of a pool."""
    return f"{WORKERS}{pool}"


def _section(pool: str) -> str:
    return f"program:{program_of(pool)}"


def _extension(plan: Plan) -> dict[str, str]:
    loop = plan.crash_loop
    return {
        "supervisor.rpcinterface_factory": "triglot.supervision.extension:make_extension",
        "run_dir": _text(plan.run_dir),
        "crashes": str(loop.crashes),
        "within_s": str(loop.within_s),
        "longest_s": str(loop.longest_s),
        "log_format": plan.log_format,
        "log_kept_bytes": str(plan.kept_bytes),
    }


def _grpc(front_end: FrontEnd, environ: Mapping[str, str]) -> dict[str, str]:
    return _program(front_end.grpc_command(), priority=20, stop_wait_s=WEB_STOP_WAIT_S) | {
        "process_name": "grpc-%(process_num)d",
        "numprocs": str(front_end.processes),
        "environment": _environment(algebra_environment(environ)),
    }


def _workers(plan: Plan, pool: str, environ: Mapping[str, str]) -> dict[str, str]:
    name, language, group = f"{pool}-%(process_num)d", language_of(pool), group_of(pool)
    local_endpoint(plan.run_dir, f"{pool}-{plan.workers[pool] - 1}", language, group)
    command = worker_command(language, "NAME", plan.run_dir, key_file=plan.key_file, group=group)
    line = _command(command).replace("NAME", name, 1)
    body = _program([], priority=10, stop_wait_s=STOP_WAIT_S)
    # An author's code has no business with the token of the views that change something, nor with the database.
    withheld = {name: "" for name in ("TRIGLOT_ADMIN_TOKEN", "TRIGLOT_CALLERS", "TRIGLOT_STORE") if name in environ}
    return body | {
        "command": line,
        "process_name": name,
        "numprocs": str(plan.workers[pool]),
        "environment": _environment(worker_environment(language, environ) | withheld),
    }


def _program(command: Sequence[str], *, priority: int, stop_wait_s: int) -> dict[str, str]:
    return {
        "command": _command(command),
        "priority": str(priority),
        "autorestart": "true",
        "startsecs": "1",
        "startretries": "10",
        "stopsignal": "TERM",
        "stopwaitsecs": str(stop_wait_s),
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": "/dev/stdout",
        "stdout_logfile_maxbytes": "0",
    }


def _command(command: Sequence[str]) -> str:
    return " ".join(shlex.quote(_text(part)) for part in command)


def _environment(variables: Mapping[str, str]) -> str:
    for name in variables:
        if not _NAME.fullmatch(name):
            raise ConfigError(f"{name!r} is no name of an environment variable")
    return ",".join(f'{name}="{_text(value)}"' for name, value in sorted(variables.items()))


def _text(value: Path | str) -> str:
    """Return a value as supervisord's file format holds it, or refuse what would break out of its line."""
    text = str(value)
    if any(character in text for character in '\n\r"\x00;'):
        raise ConfigError(f"{text!r} cannot stand in a supervisord configuration: no quotes, semicolons or line breaks")
    return text.replace("%", "%%")
