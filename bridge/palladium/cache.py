"""`palladium.cache`."""

from triglot.cache import abstractcache, compute_key_attrs, diskcache, picklediskcache

__all__ = ["abstractcache", "compute_key_attrs", "diskcache", "picklediskcache"]
