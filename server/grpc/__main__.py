"""`python -m triglot.server.grpc --port N`: one process that answers the protocol by gRPC, until SIGTERM.

Several share a port, and the kernel divides the connections among them.
"""

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import grpc.aio

from triglot import assembly
from triglot.errors import TriglotError
from triglot.project import Project
from triglot.server import wsgi
from triglot.server.context import Options
from triglot.server.grpc.calls import Calls, Tell
from triglot.serving.service import Service
from triglot.store.jobs import UPDATE
from triglot.this_process import end_with_supervisor

logger = logging.getLogger("triglot.server")

MOST_CALLS = 4_096  # at a time; more are told to come back, as by a worker whose queue is full
GRACE_S = 10.0


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM; return the exit code."""
    said = _parser().parse_args(argv)
    end_with_supervisor(os.environ)
    project = wsgi.project_of_environment("grpc")
    service = assembly.service(project, assembly.hooks(project))
    try:
        asyncio.run(_serve(service, wsgi.plain_options(project), _telling(project), f"{_bare(said.host)}:{said.port}"))
    except TriglotError as error:
        logger.error("%s", error)
        return 1
    finally:
        service.close()
    return 0


async def _serve(service: Service, options: Options, tell: Tell, address: str) -> None:
    """Answer at an address until SIGTERM, and then what has begun."""
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    with ThreadPoolExecutor(options.threads, thread_name_prefix="triglot-grpc") as pool:
        await asyncio.get_running_loop().run_in_executor(pool, service.models)  # the first look may take long
        calls = Calls(service, options, pool, tell)
        server, _ = bound(calls, options, address)
        await server.start()
        gc.collect()
        gc.freeze()  # what is there now stays, and need not be looked at again and again
        await over.wait()
        await server.stop(GRACE_S)
        calls.close()


def bound(calls: Calls, options: Options, address: str) -> tuple[grpc.aio.Server, int]:
    """Return a server that is still to be started, and the port that it has."""
    server = grpc.aio.server(options=_channel(options), maximum_concurrent_rpcs=MOST_CALLS)
    server.add_generic_rpc_handlers((calls,))
    return server, server.add_insecure_port(address)


def _channel(options: Options) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", options.max_body_bytes),
        ("grpc.max_send_message_length", -1),
        ("grpc.so_reuseport", 1),
    ]


def _telling(project: Project) -> Tell:
    """Return what has the other processes look into the store past a rule of its own."""
    if not project.has_jobs:
        return lambda: None
    jobs = project.jobs
    return lambda: jobs.record(UPDATE)


def _bare(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m triglot.server.grpc", description="Answer by gRPC.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, required=True, help="port to listen on")
    return parser


if __name__ == "__main__":
    sys.exit(main())
