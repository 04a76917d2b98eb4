"""An authority: an issuer of tokens that listens on this host, whose keys and clock the tests turn."""

import base64
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jws, jwt
from joserfc.jwk import ECKey, Key
from joserfc.jws import JWSRegistry
from joserfc.registry import HeaderParameter

AUDIENCE = "triglot"


class Authority:
    """Signs tokens, and tells its public keys to whoever asks; `asked` are the paths that were asked for."""

    def __init__(self) -> None:
        self.keys: list[Key] = [new_key()]
        self.published: list[Any] | None = None
        self.says: dict[str, Any] = {}
        self.is_up = True
        self.asked: list[str] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def token(self, key: Key | None = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """Return a token that is good but for what is said here; None leaves a claim out."""
        key = key or self.keys[-1]
        now = int(time.time())
        said = {"iss": self.url, "aud": AUDIENCE, "sub": "robot", "scope": "predict", "iat": now, "exp": now + 60}
        head = {"alg": "ES256", "kid": key.kid} | (header or {})
        good, bare = (
            {name: value for name, value in part.items() if value is not None} for part in (head, said | claims)
        )
        return jwt.encode(good, bare, key, algorithms=[head["alg"]])

    def unsigned(self) -> str:
        """Return a token whose header says that nobody signed it."""
        return f"{_encoded({'alg': 'none', 'typ': 'JWT'})}.{self.token().split('.')[1]}."

    def by_the_public_key(self) -> str:
        """Return a token signed by HMAC with what everybody knows of the key."""
        said = f"{_encoded({'alg': 'HS256', 'kid': self.keys[-1].kid})}.{self.token().split('.')[1]}"
        return f"{said}.{_text(hmac.digest(self.keys[-1].as_pem(private=False), said.encode(), 'sha256'))}"

    def critical(self) -> str:
        """Return a token of which its issuer says that whoever does not understand a parameter must refuse it."""
        known = JWSRegistry({"mine": HeaderParameter("what only the issuer knows", "int")}, ["ES256"])
        key = self.keys[-1]
        return jws.serialize_compact(
            {"alg": "ES256", "kid": key.kid, "crit": ["mine"], "mine": 1}, "{}", key, registry=known
        )

    def rotate(self) -> Key:
        """Take a new key and forget the one before; return that."""
        old = self.keys[-1]
        self.keys = [new_key()]
        return old

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def _answer(self, path: str) -> Any:
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.url, "jwks_uri": f"{self.url}/jwks"} | self.says
        return {"keys": self.published or [key.as_dict(private=False) for key in self.keys]}

    def _handler(authority) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                authority.asked.append(self.path)
                body = json.dumps(authority._answer(self.path)).encode()
                self.send_response(302 if self.path == "/elsewhere" else 200 if authority.is_up else 500)
                self.send_header("Location", "/jwks")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        return Handler


def new_key() -> Key:
    return ECKey.generate_key("P-256", auto_kid=True)


def _encoded(part: dict[str, Any]) -> str:
    return _text(json.dumps(part).encode())


def _text(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


@contextmanager
def authority() -> Iterator[Authority]:
    made = Authority()
    try:
        yield made
    finally:
        made.close()
