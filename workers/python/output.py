"""What the author's code prints, kept until somebody asks."""

import io

MAX_PRINTED = 1_000_000  # characters


class Printed(io.StringIO):
    """What the author's code prints, up to a bound, so that a chatty loop does not use up the worker's memory."""

    def write(self, text: str) -> int:
        """Keep the text while there is room."""
        room = MAX_PRINTED - self.tell()
        if room > 0:
            super().write(text if len(text) <= room else text[:room] + "... (the rest is not kept)\n")
        return len(text)
