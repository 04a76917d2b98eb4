"""One inference: which questions it puts to a model, and what is made of the answers. It knows no HTTP."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from triglot.dispatch.asynchronous import Lane
from triglot.errors import DeadlineExceeded, ModelNotFound, VersionNotFound
from triglot.server.context import Options
from triglot.server.v2.outputs import PROBA, Output, Wanted, offered, outputs, resolved
from triglot.server.v2.request import InferRequest
from triglot.server.v2.tensors import table_of
from triglot.serving.scoped import named
from triglot.serving.served import Served
from triglot.serving.service import Question, Service
from triglot.tables.table import Array, Table


def answering(service: Service, model: str, version: str | None = None, scope: str | None = None) -> Served:
    """Return the version of a model that answers; raises `VersionNotFound` where another one is asked for.

    Of a family of scopes' models the scope says which.
    """
    try:
        served = service.served(model)
    except ModelNotFound:
        family = service.family(model)
        if family is None:
            raise
        served = service.served(named(family, scope, "or the request's parameter 'scope'"))
    if version and version != str(served.version):
        raise VersionNotFound(
            f"version {version[:20]!r} of model {model!r} does not answer; version {served.version} does, "
            "until another one is activated"
        )
    return served


class Inference(NamedTuple):
    """What a version is asked for of a table, within how many seconds, under which id in logs."""

    served: Served
    table: Table
    wanted: Sequence[Wanted]
    timeout_s: float
    request_id: str

    @classmethod
    def of(cls, served: Served, asked: InferRequest, options: Options, request_id: str) -> "Inference":
        """Return what a request comes to; raises `BadRequest` for what does not fit the model."""
        wanted = resolved(served, asked.wanted, is_binary=asked.is_binary)
        table = table_of(served.schema, asked.tensors, options.max_bulk_rows)
        timeout_s = min(options.timeout_s, asked.timeout_s or options.timeout_s)
        return cls(served, table, wanted, timeout_s, request_id)

    @property
    def values(self) -> int:
        """How many values the answer has, as far as that is known before."""
        widths = {output.name: max(output.shape[1], 1) for output in offered(self.served)}
        return self.table.rows * sum(min(each.best or widths[each.name], widths[each.name]) for each in self.wanted)

    def ask(self, service: Service) -> list[Output]:
        """Return the outputs."""
        until = time.monotonic() + self.timeout_s
        answers = {name: service.ask(self._question(name, until), self.table) for name in self._asked}
        return self._outputs(answers)

    async def ask_soon(self, service: Service, lane: Lane) -> list[Output]:
        """Return the outputs, by the lane of the event loop that awaits them; a worker is asked for all at once."""
        until = time.monotonic() + self.timeout_s
        asked = [service.ask_soon(lane, self._question(name, until), self.table) for name in self._asked]
        found = [await asked[0]] if len(asked) == 1 else await asyncio.gather(*asked)
        return self._outputs(dict(zip(self._asked, found, strict=True)))

    @property
    def _asked(self) -> list[str]:
        """The names of the questions; of no rows nothing is asked, as many estimators refuse a table without any."""
        return [wanted.name for wanted in self.wanted] if self.table.rows else []

    def _question(self, name: str, until: float) -> Question:
        left_s = until - time.monotonic()
        if left_s <= 0:
            raise DeadlineExceeded(f"no answer within {self.timeout_s:g} s, the time limit of this request")
        further = name != self.wanted[0].name
        return Question(self.served, proba=name == PROBA, timeout_s=left_s, request_id=self.request_id, further=further)

    def _outputs(self, answers: Mapping[str, Array]) -> list[Output]:
        return outputs(self.served, self.wanted, answers, self.table.rows)
