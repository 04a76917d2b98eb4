"""What R's console prints, kept until somebody asks."""

CONSOLE_CHARS = 1_000_000


class Console:
    """Collects what R prints, up to a bound."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._room = CONSOLE_CHARS

    def write(self, text: str) -> None:
        """Keep `text`, or what of it is within the bound."""
        if self._room <= 0:
            return
        self._pieces.append(text[: self._room])
        self._room -= len(text)
        if self._room <= 0:
            self._pieces.append(f"\n[output beyond {CONSOLE_CHARS} characters is left out]\n")

    def peek(self) -> str:
        """Return the text so far."""
        return "".join(self._pieces)

    def take(self) -> str:
        """Return the text so far and forget it."""
        if not self._pieces:
            return ""
        text = "".join(self._pieces)
        self._pieces.clear()
        self._room = CONSOLE_CHARS
        return text
