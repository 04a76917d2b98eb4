"""`python -m triglot.server OPTIONS triglot.server.asgi:app`: granian, whose processes share what each of them imports.

granian forks its processes from one that has imported nothing but granian, so that each keeps a copy of all libraries.
Here that one has the front end's modules before it forks; it builds no application, opens nothing and starts no thread.
"""

import gc
import multiprocessing
import os
import resource

from granian.cli import entrypoint

import triglot.server.asgi
import triglot.server.wsgi  # noqa: F401
from triglot.this_process import end_with_parent, end_with_supervisor

MOST_FILES = 65_536  # some systems allow so many that whoever looks at all of them takes seconds


def main() -> None:
    """Serve as granian does, by its own options."""
    multiprocessing.set_start_method("fork")  # not everywhere what Python takes of itself
    # whoever went on listening after a parent that was killed would keep the port from its successor
    end_with_supervisor(os.environ)
    os.register_at_fork(after_in_child=end_with_parent)
    _raise_limit()
    # A collector that marked what is there now would write to the pages that it lies on, and so copy them.
    gc.collect()
    gc.freeze()
    entrypoint()  # type: ignore[no-untyped-call]


def _raise_limit() -> None:
    """Have as many files and connections as there can be of use; by default a process may often have just 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


if __name__ == "__main__":
    main()
