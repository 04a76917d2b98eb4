"""The bridge's floor: a ROUTER that echoes what DEALERs in threads send, over ipc, and nothing else."""

import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import zmq

from benchmarks.load import Load

MESSAGE = [b"h" * 120, b"r" * 32]


def echo(address: str) -> None:
    """Answer every message with itself until killed."""
    with zmq.Context() as context, context.socket(zmq.ROUTER) as socket:
        socket.bind(address)
        while True:
            socket.send_multipart(socket.recv_multipart())


def measure(connections: int, seconds: int) -> Load:
    """Return round trips a second and their latency, with one thread and one socket a connection."""
    with tempfile.TemporaryDirectory() as folder:
        address = f"ipc://{Path(folder, 'echo.ipc')}"
        server = subprocess.Popen([sys.executable, "-m", "benchmarks.floor", address])
        try:
            return _measure(address, connections, seconds)
        finally:
            server.kill()
            server.wait()


def _measure(address: str, connections: int, seconds: int) -> Load:
    latencies: list[float] = []
    with zmq.Context() as context:
        stop = time.perf_counter() + seconds

        def ask() -> None:
            own = []
            with context.socket(zmq.DEALER) as socket:
                socket.connect(address)
                while (started := time.perf_counter()) < stop:
                    socket.send_multipart(MESSAGE)
                    socket.recv_multipart()
                    own.append(time.perf_counter() - started)
            latencies.extend(own)

        threads = [threading.Thread(target=ask) for _ in range(connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    cuts = statistics.quantiles(latencies, n=100)
    return Load(connections, len(latencies) / seconds, cuts[49] * 1000, cuts[98] * 1000, 0)


if __name__ == "__main__":
    echo(sys.argv[1])
