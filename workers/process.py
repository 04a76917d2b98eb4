"""One worker process: its language brought up, its sockets bound, its requests served until it drains."""

import argparse
import contextlib
import gc
import importlib
import logging
import os
import shlex
import signal
import sys
from dataclasses import replace
from pathlib import Path

import zmq

from triglot import __version__
from triglot.artefact import load_key
from triglot.errors import ConfigError, LanguageUnavailable, TriglotError
from triglot.hooks import Hook, Hooks, from_environment
from triglot.languages import known
from triglot.languages.known import LANGUAGES
from triglot.languages.launch import EXIT_UNAVAILABLE, HELD_VARIABLE, MEMORY_VARIABLE, held_of, memory_of
from triglot.logs import about, keep_time_zone, start
from triglot.protocol.runtime import Runtime
from triglot.tally.counters import Counters
from triglot.tally.slots import FOLDER, forget
from triglot.transport.discovery import (
    Endpoint,
    announce,
    check_name,
    leave_word,
    local_endpoint,
    run_directory,
    withdraw,
)
from triglot.workers import malloc
from triglot.workers.activity import Activity
from triglot.workers.control import Control
from triglot.workers.counting import Counting
from triglot.workers.curve import Curve
from triglot.workers.deadlines import Deadlines
from triglot.workers.ending import End, ending
from triglot.workers.idle_collection import IdleCollection
from triglot.workers.leftovers import Leftovers
from triglot.workers.memory_ceiling import MemoryCeiling
from triglot.workers.neighbours import Neighbours
from triglot.workers.worker import Worker

logger = logging.getLogger("triglot.worker")

EXIT_USAGE = 2


def main(argv: list[str] | None = None) -> int:
    """Run one worker until SIGTERM; return the exit code."""
    options = _parser().parse_args(argv)
    keep_time_zone(os.environ)
    if options.language == "python":  # R and Julia have heaps of their own
        malloc.keep()
    try:
        start(options.name, os.environ, sys.stderr if options.live else sys.stdout)
        return _serve(options)
    except LanguageUnavailable as error:
        reason, _, commands = str(error).partition("\n")
        logger.error("%s is off: %s", options.language, reason, extra=about(trace=commands))
        return EXIT_UNAVAILABLE
    except TriglotError as error:
        logger.error("%s", error)
        return EXIT_USAGE


def _serve(options: argparse.Namespace) -> int:
    run_dir = run_directory(options.run_dir)
    key = load_key(options.key_file, os.environ)
    endpoint = _endpoint(options, run_dir)
    memory = memory_of(os.environ.get(MEMORY_VARIABLE, ""), options.language)
    held = held_of(os.environ.get(HELD_VARIABLE, ""))
    activity = Activity()
    runtime = _runtime(options.language, live=options.live)
    runtime.start()
    end = ending(lambda why: leave_word(run_dir, endpoint, why))
    bounds = _bounds(runtime, activity, memory, end)
    neighbours = Neighbours(runtime.versions, run_dir, activity, end, group=options.group, held=held)
    watching: list[Hook] = [IdleCollection(runtime, activity), neighbours, Leftovers()]
    counting = Counting(Counters(run_dir), options.language)  # behind all that may refuse a version
    hooks = Hooks([*bounds, *watching, *from_environment(os.environ), counting], may_refuse=True)
    # After the interpreter has started, because R and Julia put handlers of their own there.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: activity.drain())
    with zmq.Context() as context, Curve.serving(context, options.curve_key, options.curve_clients) as curve:
        requests = context.socket(zmq.ROUTER)
        beats = context.socket(zmq.ROUTER)
        for socket, address in ((requests, endpoint.address), (beats, endpoint.control)):
            socket.linger = 2_000
            socket.router_mandatory = False
            socket.set_hwm(0)
            curve.protect(socket, address)
            _bind(socket, address)
        identity = {
            "name": endpoint.name,
            "language": endpoint.language,
            "incarnation": endpoint.incarnation,
            "triglot": __version__,
            "versions": dict(runtime.versions()),
        }
        control = Control(beats, activity, identity, hooks)
        control.start()
        # What is there now stays: a collector that looked at all of it again and again would stop calls meanwhile.
        gc.collect()
        gc.freeze()
        announce(run_dir, endpoint)
        logger.info("ready: %s %s", options.language, runtime.versions()["language"])
        try:
            Worker(
                runtime,
                requests,
                key,
                activity,
                hooks,
                queue=options.queue,
                held=held,
                drained=lambda: withdraw(run_dir, endpoint),
            ).run()
        finally:
            withdraw(run_dir, endpoint)
            requests.close()
            control.close()
    logger.info("drained")
    if activity.orphaned:
        _leave_nothing(run_dir, endpoint)
    return 0


def _bounds(runtime: Runtime, activity: Activity, memory: int, end: End) -> list[Hook]:
    """Return what ends a call, and where it must be the process with it."""
    deadlines = Deadlines(runtime, activity, end)
    if not memory:
        return [deadlines]
    ceiling = MemoryCeiling(memory, activity, end)
    ceiling.refuse_too_low(runtime.language)
    return [deadlines, ceiling]


def _leave_nothing(run_dir: Path, endpoint: Endpoint) -> None:
    """Remove this worker's sockets, and the run directory if nothing else is in it; nobody is left to do it."""
    with contextlib.suppress(OSError):
        for address in (endpoint.address, endpoint.control):
            if address.startswith("ipc://"):
                Path(address.removeprefix("ipc://")).unlink(missing_ok=True)
        if [path.name for path in run_dir.iterdir()] == [FOLDER]:  # what was counted, for nobody
            forget(run_dir)
            (run_dir / FOLDER).rmdir()
        run_dir.rmdir()


def _runtime(language: str, *, live: bool) -> Runtime:
    record = known.language(language)
    if not record.runtime:
        raise ConfigError(f"{record.name} has a worker of its own; start it by: {shlex.join(record.command)}")
    module, _, name = record.runtime.partition(":")
    make = getattr(importlib.import_module(module), name)
    runtime: Runtime = make(live=True) if live else make()
    return runtime


def _endpoint(options: argparse.Namespace, run_dir: Path) -> Endpoint:
    local = local_endpoint(run_dir, check_name(options.name), options.language, options.group)
    if options.bind is None:
        return local
    if options.control is None or options.curve_key is None or options.curve_clients is None:
        raise ConfigError("--bind needs --control, --curve-key and --curve-clients: tcp goes by CURVE only")
    public = Curve.public_key(options.curve_key)
    return replace(local, address=options.bind, control=options.control, server_key=public)


def _bind(socket: "zmq.Socket[bytes]", address: str) -> None:
    try:
        socket.bind(address)
    except zmq.ZMQError as error:
        raise ConfigError(f"cannot bind {address}: {error}") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="triglot worker", description="Run one worker process in the foreground.")
    parser.add_argument("language", choices=LANGUAGES)
    parser.add_argument("--name", required=True, help="the worker's name, unique in its run directory")
    parser.add_argument("--run-dir", required=True, type=Path, help="where sockets and announcements stand (mode 0700)")
    parser.add_argument("--group", default="", help="the group of models that it works for alone")
    parser.add_argument("--live", action="store_true", help="Python: print what the author's code prints, at once")
    parser.add_argument("--key-file", type=Path, help="file of the key that signs artefacts")
    parser.add_argument("--queue", type=int, default=4_096, help="requests that may wait (default: %(default)s)")
    parser.add_argument("--bind", help="tcp://HOST:PORT for requests from other hosts")
    parser.add_argument("--control", help="tcp://HOST:PORT for heartbeats from other hosts")
    parser.add_argument("--curve-key", type=Path, help="this worker's CURVE key file (.key_secret)")
    parser.add_argument("--curve-clients", type=Path, help="folder of the public keys that may connect")
    return parser
