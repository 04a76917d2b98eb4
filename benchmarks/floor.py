"""What nothing here can pass: nginx that answers by itself, and a ROUTER that echoes what DEALERs send over ipc.

The first is the ceiling of the load generators on this machine, the second that of the bridge without HTTP.
"""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import zmq

from benchmarks.load import Load, Request, ask
from benchmarks.open_loop import percentile
from benchmarks.processes import free_port, served

MESSAGE = [b"h" * 120, b"r" * 32]
NGINX = """daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 100000000;
  client_body_temp_path {folder}; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port};
    location / {{ default_type application/json; return 200 '{{"result": "Iris-versicolor"}}'; }}
  }}
}}
"""


@contextmanager
def nginx(folder: Path) -> Iterator[Request]:
    """Hold an nginx of one process that answers all requests the same; give one."""
    request = Request(free_port(), "/")
    conf = folder / "nginx.conf"
    conf.write_text(NGINX.format(folder=folder, port=request.port), "ascii")
    command = ["nginx", "-p", str(folder), "-e", "stderr", "-c", str(conf)]
    environ = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    with served(command, environ, folder / "nginx.log", lambda: ask(request) is not None):
        yield request


def echo(address: str) -> None:
    """Answer every message with itself until killed."""
    with zmq.Context() as context, context.socket(zmq.ROUTER) as socket:
        socket.bind(address)
        while True:
            socket.send_multipart(socket.recv_multipart())


def round_trips(connections: int, seconds: int) -> Load:
    """Return round trips a second and their latency, with one thread and one socket a connection."""
    with tempfile.TemporaryDirectory() as folder:
        address = f"ipc://{Path(folder, 'echo.ipc')}"
        server = subprocess.Popen([sys.executable, "-m", "benchmarks.floor", address])
        try:
            return _round_trips(address, connections, seconds)
        finally:
            server.kill()
            server.wait()


def _round_trips(address: str, connections: int, seconds: int) -> Load:
    latencies: list[float] = []
    with zmq.Context() as context:
        stop = time.perf_counter() + seconds

        def trip() -> None:
            own = []
            with context.socket(zmq.DEALER) as socket:
                socket.connect(address)
                while (started := time.perf_counter()) < stop:
                    socket.send_multipart(MESSAGE)
                    socket.recv_multipart()
                    own.append(time.perf_counter() - started)
            latencies.extend(own)

        threads = [threading.Thread(target=trip) for _ in range(connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    p50, p99 = (1000 * percentile(latencies, percent) for percent in (50, 99))
    return Load(len(latencies) / seconds, p50, p99, 0)


if __name__ == "__main__":
    echo(sys.argv[1])
