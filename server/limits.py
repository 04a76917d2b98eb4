"""How much one request may hold."""

from dataclasses import dataclass

from triglot.serving.service import MAX_BODY_BYTES, MAX_BULK_BYTES

BULK_ROWS = 10_000_000


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Bytes of a body that is in memory whole, and bytes and rows of one that is read in pieces."""

    body_bytes: int = MAX_BODY_BYTES
    bulk_bytes: int = MAX_BULK_BYTES
    bulk_rows: int = BULK_ROWS
