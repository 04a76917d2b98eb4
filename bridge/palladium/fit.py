"""`palladium.fit`."""

from triglot.search import with_parallel_backend

__all__ = ["with_parallel_backend"]
