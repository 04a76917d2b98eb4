"""An HTTP server on the loopback that keeps what is PUT, with ETags, conditions and basic authentication.

Run by the tests: http_store.py PORT USER PASSWORD. Writes are atomic: a condition is checked under the lock.
"""

import base64
import hashlib
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

files: dict[str, bytes] = {}
lock = threading.Lock()


def tag(data: bytes) -> str:
    return f'"{hashlib.sha256(data).hexdigest()[:16]}"'


class Store(BaseHTTPRequestHandler):
    expected = ""

    def do_GET(self) -> None:
        found = files.get(self.path)
        self.answer(404 if found is None else 200, found or b"")

    do_HEAD = do_GET

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.allowed():
            return self.answer(401)
        with lock:
            found = files.get(self.path)
            none, match = self.headers.get("If-None-Match"), self.headers.get("If-Match")
            if (none == "*" and found is not None) or (match and (found is None or tag(found) != match)):
                return self.answer(412)
            files[self.path] = data
        self.answer(204 if found is not None else 201)

    def do_DELETE(self) -> None:
        with lock:
            found = files.pop(self.path, None) if self.allowed() else None
        self.answer(404 if found is None else 204)

    def allowed(self) -> bool:
        return self.headers.get("Authorization") == self.expected

    def answer(self, status: int, body: bytes = b"") -> None:
        if not self.allowed():
            status, body = 401, b""
        self.send_response(status)
        if status == 200:
            self.send_header("ETag", tag(body))
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    port, user, password = sys.argv[1:]
    Store.expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    ThreadingHTTPServer(("127.0.0.1", int(port)), Store).serve_forever()
