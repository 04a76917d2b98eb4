"""A CURVE key pair, for connections between hosts."""

from dataclasses import dataclass
from pathlib import Path

import zmq.auth

from triglot.errors import ConfigError


@dataclass(frozen=True, slots=True)
class CurveKeys:
    """The Z85 text of one side's public and secret key, as bytes."""

    public: bytes
    secret: bytes

    @classmethod
    def read(cls, key_file: Path) -> "CurveKeys":
        """Return the keys of a `.key_secret` file; raises `ConfigError` where there are none."""
        try:
            public, secret = zmq.auth.load_certificate(key_file)
        except (OSError, ValueError) as error:
            raise ConfigError(f"cannot read the CURVE key {str(key_file)!r}: {error}") from None
        if secret is None:
            raise ConfigError(f"{str(key_file)!r} holds no secret key; give the .key_secret file")
        return cls(public, secret)
