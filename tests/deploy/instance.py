"""What stands in for a container of the service: `instance.py WHAT PORT` answers its two probes.

It says its version, the environment's `WORDS`, and drains for a moment on SIGTERM. WHAT is a version, or `sick` for
one that is never well, or `crashing` for one that ends at once.
"""

import json
import os
import signal
import socketserver
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler

STARTED = time.monotonic()
LOAD_S = 0.05


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        loaded = time.monotonic() - STARTED > LOAD_S
        good = sys.argv[1] != "sick" and (loaded or self.path == "/alive")
        body = json.dumps({"version": sys.argv[1], "words": os.environ.get("WORDS")}).encode()
        self.send_response(200 if good else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if sys.argv[1] == "crashing":
    sys.exit(3)
server = socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[2])), Answers)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever(poll_interval=0.02)
