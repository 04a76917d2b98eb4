"""Who may make a call: the one place where what a caller says of itself is judged."""

import asyncio
import hmac
from collections.abc import Mapping
from concurrent.futures import Executor
from urllib.parse import unquote

from werkzeug.exceptions import Unauthorized

from triglot.access.scopes import ADMIN, OPEN
from triglot.server.context import Options


class Guard:
    """Asks the gate of the configuration's `access`; without one everybody may ask, and who has the token change.

    pool: the threads for what takes long to judge.
    """

    def __init__(self, options: Options, pool: Executor) -> None:
        self._gate = options.access.gate if options.access else None
        self._token = options.admin_token
        self._pool = pool
        self.may_change = options.may_change

    async def admit(self, metadata: Mapping[str, str], peer: str, scope: str) -> None:
        """Return if the caller of this metadata may make a call of this scope; raises what it is told."""
        if scope == OPEN:
            return
        authorization = metadata.get("authorization", "")
        if self._gate is not None:
            said = (authorization, metadata.get("x-api-key", ""), address_of(peer))
            loop, gate = asyncio.get_running_loop(), self._gate
            caller = gate.known(*said)
            if caller is None:
                caller = await loop.run_in_executor(self._pool, gate.caller, *said)
            gate.admit(caller, scope)
        elif scope == ADMIN:
            self._require_token(authorization)

    def _require_token(self, authorization: str) -> None:
        scheme, _, sent = authorization.partition(" ")
        # the comparison takes as long for any of one length
        same = hmac.compare_digest(sent.strip().encode(), self._token.encode())
        if not (self._token and same and scheme.lower() == "bearer"):
            raise Unauthorized("send the admin token as the metadata 'authorization: Bearer TOKEN'")


def address_of(peer: str) -> str:
    """Return the address in what gRPC calls its peer, such as `ipv4:127.0.0.1:40000` or `ipv6:%5B::1%5D:40000`."""
    return unquote(peer.partition(":")[2].rpartition(":")[0]).strip("[]")
