"""How much one request may hold."""

from dataclasses import dataclass

from triglot.bodies.media import IN_PIECES

# of a body that is in memory whole, and of one that is read in pieces
MAX_BODY_BYTES = 64 * 2**20
MAX_BULK_BYTES = 2**30
BULK_ROWS = 10_000_000


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Bytes of a body that is in memory whole, and bytes and rows of one that is read in pieces."""

    body_bytes: int = MAX_BODY_BYTES
    bulk_bytes: int = MAX_BULK_BYTES
    bulk_rows: int = BULK_ROWS

    def of(self, kind: str) -> int:
        """Return how many bytes a body of this type may have."""
        return self.bulk_bytes if kind in IN_PIECES else self.body_bytes
