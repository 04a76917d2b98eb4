"""What stands in for a service behind nginx: `backend.py CONF WHAT --host H --port P`.

It answers `WHAT` to a prediction after a moment, writes its process id where supervisord would, and on SIGTERM
answers what it has before it ends. WHAT may be `sick`, which is never ready, or `broken`, which ends at once.
"""

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CONF, WHAT, PORT = Path(sys.argv[1]), sys.argv[2], int(sys.argv[-1])
TAKES_S = 0.02
busy: set[int] = set()


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        busy.add(threading.get_ident())
        if self.path != "/ready":
            time.sleep(TAKES_S)
        body = json.dumps({"alive": True} if self.path == "/alive" else {"result": [WHAT, 0.5]}).encode()
        self.send_response(503 if WHAT == "sick" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        busy.discard(threading.get_ident())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    request_queue_size = 128


def end(*_: object) -> None:
    threading.Thread(target=drain).start()


def drain() -> None:
    server.shutdown()
    while busy:
        time.sleep(0.005)
    os._exit(0)


if WHAT == "broken":
    sys.exit("there is no such model")
CONF.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
(CONF.parent / "supervisord.pid").write_text(str(os.getpid()))
server = Server(("127.0.0.1", PORT), Answers)
signal.signal(signal.SIGTERM, end)
server.serve_forever(poll_interval=0.02)
