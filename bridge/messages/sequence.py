"""Numbers that are handed out in order and done with in any: up to which all are done."""


class Sequence:
    """The numbers that are out; `done` of some of them, in any order."""

    def __init__(self) -> None:
        self._out: dict[int, bool] = {}  # a dict keeps their order

    def __len__(self) -> int:
        return len(self._out)

    def take(self, number: int) -> None:
        """Hand out a number, which is larger than all before."""
        self._out[number] = False

    def done(self, number: int) -> None:
        """Have done with a number; one that is not out is nobody's."""
        if number in self._out:
            self._out[number] = True

    def up_to(self, number: int) -> list[int]:
        """Take all numbers up to this one back, and return them."""
        found = []
        for each in self._out:
            if each > number:
                break
            found.append(each)
        for each in found:
            del self._out[each]
        return found

    def only(self, number: int) -> list[int]:
        """Take this number back alone, and return it; one that is not out is nobody's."""
        return [number] if self._out.pop(number, None) is not None else []

    def finished(self) -> int | None:
        """Take back the numbers that are done and have none before them that is not; return the last of them."""
        last = None
        for number, is_done in self._out.items():
            if not is_done:
                break
            last = number
        if last is not None:
            self.up_to(last)
        return last

    def strays(self) -> list[int]:
        """Take back the numbers that are done although one before them is not, and return them."""
        found = [number for number, is_done in self._out.items() if is_done]
        for number in found:
            del self._out[number]
        return found
