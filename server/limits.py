"""How much one request may hold."""

from dataclasses import dataclass

BODY_BYTES = 64 * 2**20
BULK_BYTES = 2**30
BULK_ROWS = 10_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of a body that is in memory whole, and bytes and rows of one that is read in pieces."""

    body_bytes: int = BODY_BYTES
    bulk_bytes: int = BULK_BYTES
    bulk_rows: int = BULK_ROWS
