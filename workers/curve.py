"""CURVE for workers that are reached from other hosts: who may connect, and with which keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import zmq
import zmq.auth
from zmq.auth.thread import ThreadAuthenticator

from triglot.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Curve:
    """The keys of one worker; without keys only ipc addresses may be bound."""

    public: bytes = b""
    secret: bytes = b""

    @classmethod
    @contextmanager
    def serving(
        cls, context: "zmq.Context[zmq.Socket[bytes]]", key_file: Path | None, clients: Path | None
    ) -> Iterator["Curve"]:
        """Hold an authenticator that lets in just the clients whose public keys lie in the folder `clients`."""
        if key_file is None or clients is None:
            yield cls()
            return
        if not clients.is_dir():
            raise ConfigError(f"--curve-clients {str(clients)!r} is not a folder of public keys")
        public, secret = _load(key_file)
        authenticator = ThreadAuthenticator(context)
        authenticator.start()
        try:
            authenticator.configure_curve(domain="*", location=str(clients))
            yield cls(public, secret)
        finally:
            authenticator.stop()

    @staticmethod
    def public_key(key_file: Path) -> str:
        """Return the public half of a key file as Z85 text."""
        return _load(key_file)[0].decode("ascii")

    def protect(self, socket: "zmq.Socket[bytes]", address: str) -> None:
        """Make a socket that will bind `address` demand CURVE, unless the address is ipc."""
        if address.startswith("ipc://"):
            return
        if not self.secret:
            raise ConfigError(f"{address} needs --curve-key and --curve-clients: tcp goes by CURVE only")
        socket.curve_server = True
        socket.curve_publickey = self.public
        socket.curve_secretkey = self.secret


def _load(key_file: Path) -> tuple[bytes, bytes]:
    try:
        public, secret = zmq.auth.load_certificate(key_file)
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read the CURVE key {str(key_file)!r}: {error}") from None
    if secret is None:
        raise ConfigError(f"{str(key_file)!r} holds no secret key; give the .key_secret file")
    return public, secret
