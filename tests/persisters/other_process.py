"""Processes that write into one place at once; run by the tests: other_process.py KIND PLACE MODEL WRITERS COUNT."""

import hashlib
import os
import sys
from collections.abc import Callable

from triglot.artefact import seal
from triglot.persister import Persister

KEY = b"a key for tests, 32 bytes long.."


def _file(place: str) -> Persister:
    from triglot.persisters.file import File

    return File(place)


def _rest(place: str) -> Persister:
    from triglot.persisters.rest import Rest

    return Rest(place, ("user", "secret-word"))


def _s3(place: str) -> Persister:
    from triglot.persisters.s3 import S3

    return S3(place)


def _sql(place: str) -> Persister:
    from triglot.store import ModelStore

    return ModelStore(place, chunk_size=1000)


OPEN: dict[str, Callable[[str], Persister]] = {"file": _file, "rest": _rest, "s3": _s3, "sql": _sql}


def write(kind: str, place: str, model: str, count: int) -> None:
    """Write versions with bytes of this process's own, and say their numbers."""
    persister = OPEN[kind](place)
    fields = {"language": "python", "task": "regression", "spec": {}, "sources": {}, "runtime": {}, "created": "2026"}
    for number in range(count):
        blob = hashlib.sha256(f"{os.getpid()} {number}".encode()).digest() * 100
        digest = hashlib.sha256(blob).hexdigest()
        version = persister.write(model, seal(fields, blob, KEY), metadata={"blob": digest})
        os.write(1, f"{version} {digest}\n".encode())  # in one piece, unlike print


if __name__ == "__main__":
    kind, place, model, writers, count = sys.argv[1:]
    OPEN[kind](place).active()  # imports what is needed, once instead of in each of them
    start, go = os.pipe()
    children = []
    for _ in range(int(writers)):
        child = os.fork()
        if not child:
            os.close(go)
            os.read(start, 1)  # comes back for all at once, when the parent closes its end
            try:
                write(kind, place, model, int(count))
                os._exit(0)
            except BaseException as error:
                print(repr(error), file=sys.stderr, flush=True)
                os._exit(1)
        children.append(child)
    os.close(go)
    sys.exit(max(os.waitpid(child, 0)[1] for child in children) != 0)
