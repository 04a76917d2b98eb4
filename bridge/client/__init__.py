"""A caller's side of a service: `Client` and `AsyncClient` ask it for predictions, tables in and tables out.

Beside them lie the same for callers in R and in Julia, `triglot.R` and `Triglot.jl`, which `triglot client` prints.
"""

from triglot.client.failures import CallFailed, RequestRefused, ServiceFailed, Unreachable
from triglot.client.http import AsyncClient, Client

__all__ = ["AsyncClient", "CallFailed", "Client", "RequestRefused", "ServiceFailed", "Unreachable"]
