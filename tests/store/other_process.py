"""Another process at work on the same store; run by the tests, never imported by them.

other_process.py write URL MODEL COUNT | upgrade URL | hang-in-write URL MODEL | fork URL MODEL
other_process.py claim URL | write-for-job URL MODEL JOB | load-key FILE
"""

import hashlib
import importlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from triglot.artefact import Artefact, load_key, seal
from triglot.store import ModelStore

KEY = b"a key for tests, 32 bytes long.."


def some_artefact(blob: bytes) -> Artefact:
    fields = {"language": "python", "task": "regression", "spec": {}, "sources": {}, "runtime": {}}
    return seal({**fields, "created": "2026-01-02T03:04:05+00:00"}, blob, KEY)


def say(*words: object) -> None:
    """Write a line in one piece: print may take several, between which other processes write theirs."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def crowd(number: str, command: str, *arguments: str) -> None:
    """Let many processes do the same at the same moment; fail if one of them fails."""
    importlib.import_module("alembic.command")  # once here, not once in each of them
    start, go = os.pipe()
    children = []
    for _ in range(int(number)):
        child = os.fork()
        if not child:
            os.close(go)
            os.read(start, 1)  # comes back for all at once, when the parent closes its end
            try:
                COMMANDS[command](*arguments)
                os._exit(0)
            except BaseException as error:
                print(repr(error), file=sys.stderr, flush=True)
                os._exit(1)
        children.append(child)
    os.close(go)
    sys.exit(max(os.waitpid(child, 0)[1] for child in children) != 0)


def write(url: str, model: str, count: str) -> None:
    store = ModelStore(url, chunk_size=1000)
    for number in range(int(count)):
        blob = hashlib.sha256(f"{os.getpid()} {number}".encode()).digest() * 100
        version = store.write(model, some_artefact(blob), metadata={"blob": hashlib.sha256(blob).hexdigest()})
        say(os.getpid(), version)


def upgrade(url: str) -> None:
    store = ModelStore(url)
    store.upgrade()
    say(store.properties()["schema_revision"])


def hang_in_write(url: str, model: str) -> None:
    """Stop for ever in the middle of a write, after more bytes than a database keeps in memory."""
    seen = 0

    def hang(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        nonlocal seen
        seen += statement.startswith("INSERT INTO triglot_chunks")
        if seen == 7:
            say("in the middle")
            time.sleep(600)

    event.listen(Engine, "before_cursor_execute", hang)
    ModelStore(url, chunk_size=1_000_000).write(model, some_artefact(os.urandom(8_000_000)))


def fork(url: str, model: str) -> None:
    """Use one store on both sides of a fork, at the same time."""
    store = ModelStore(url, chunk_size=1000)
    store.write(model, some_artefact(b"before"))
    child = os.fork()
    try:
        for number in range(5):
            blob = f"{'parent' if child else 'child'} {number} ".encode() * 500
            version = store.write(model, some_artefact(blob))
            assert store.read(model, version).artefact.blob == blob
        ended_well = True
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        ended_well = False
    if not child:
        os._exit(0 if ended_well else 1)
    _, status = os.waitpid(child, 0)
    store.close()
    sys.exit(0 if ended_well and status == 0 else 1)


def claim(url: str) -> None:
    """Carry out jobs until there are none."""
    jobs, runner = ModelStore(url).jobs, str(os.getpid())
    missed = 0
    while missed < 3:  # that none was free at one moment does not mean that none is left
        job = jobs.claim(runner)
        if job is None:
            missed += 1
            time.sleep(0.05)
            continue
        say(runner, job.id)
        jobs.end(job.id, runner, "finished", "")


def write_for_job(url: str, model: str, job: str) -> None:
    say(ModelStore(url).write(model, some_artefact(os.urandom(5_000)), metadata={"job": job}))


def make_key(file: str) -> None:
    say(load_key(Path(file), {}).decode())


COMMANDS: dict[str, Callable[..., None]] = {
    "crowd": crowd,
    "write": write,
    "upgrade": upgrade,
    "hang-in-write": hang_in_write,
    "fork": fork,
    "claim": claim,
    "write-for-job": write_for_job,
    "load-key": make_key,
}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
