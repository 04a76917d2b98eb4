"""The buffers of tables that clients named by their digests, so that data of many fits cross once."""

from collections import OrderedDict


class Buffers:
    """Buffers by the digest of their bytes; beyond a bound of bytes those used longest ago give way."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[str, memoryview] = OrderedDict()

    def get(self, digest: str) -> memoryview | None:
        """Return the buffer of that digest, or None."""
        if digest in self._kept:
            self._kept.move_to_end(digest)
        return self._kept.get(digest)

    def keep(self, digest: str, buffer: memoryview) -> None:
        """Keep a buffer; one that is larger than the bound is not kept."""
        if buffer.nbytes > self._most_bytes:
            return
        if digest not in self._kept:
            self._bytes += buffer.nbytes
        self._kept[digest] = buffer
        self._kept.move_to_end(digest)
        while self._bytes > self._most_bytes:
            _, gone = self._kept.popitem(last=False)
            self._bytes -= gone.nbytes
