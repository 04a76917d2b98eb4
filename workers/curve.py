"""CURVE for workers that are reached from other hosts: who may connect, and with which keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import zmq

from triglot.errors import ConfigError
from triglot.transport.curve import CurveKeys


@dataclass(frozen=True, slots=True)
class Curve:
    """The keys of one worker; without keys only ipc addresses may be bound."""

    keys: CurveKeys | None = None

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
        from zmq.auth.thread import ThreadAuthenticator  # brings asyncio along, which no other worker needs

        keys = CurveKeys.read(key_file)
        authenticator = ThreadAuthenticator(context)
        authenticator.start()
        try:
            authenticator.configure_curve(domain="*", location=str(clients))
            yield cls(keys)
        finally:
            authenticator.stop()

    @staticmethod
    def public_key(key_file: Path) -> str:
        """Return the public half of a key file as Z85 text."""
        return CurveKeys.read(key_file).public.decode("ascii")

    def protect(self, socket: "zmq.Socket[bytes]", address: str) -> None:
        """Make a socket that will bind `address` demand CURVE, unless the address is ipc."""
        if address.startswith("ipc://"):
            return
        if self.keys is None:
            raise ConfigError(f"{address} needs --curve-key and --curve-clients: tcp goes by CURVE only")
        socket.curve_server = True
        socket.curve_publickey = self.keys.public
        socket.curve_secretkey = self.keys.secret
