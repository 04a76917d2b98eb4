"""Units of work: which rows of what are answered together, and what became of them. Values alone, also as JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

# A part by the number of its file among all, and its own number within that.
PartId: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of a file, or of a query.

    `start` and `stop` bound them in what the format counts: row groups, batches, bytes, or values of a key; None is
    where it begins or ends. `first` is the number of their first row, within the file. `folders` are names and values
    that the folders above say of all rows.
    """

    id: PartId
    place: str
    kind: str
    start: Any = None
    stop: Any = None
    first: int = 0
    folders: tuple[tuple[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """What files of this part are called."""
        return f"part-{self.id[0]:05d}-{self.id[1]:05d}"

    def to_json(self) -> dict[str, Any]:
        """Return the part as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> "Part":
        """Return the part that `to_json` gave."""
        file, piece = said["id"]
        folders = tuple((str(name), value) for name, value in said["folders"])
        return cls(**{**said, "id": (file, piece), "folders": folders})


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a part: how many rows were read, put aside and asked again, or why there are no answers.

    `fatal` is a failure that would be every other part's as well, or that shall end all. `told` are lines for whoever
    wanted it.
    """

    id: PartId
    rows: int = 0
    bad: int = 0
    repeated: int = 0
    failure: str = ""
    fatal: bool = False
    told: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        found = asdict(self)
        return found if self.told else {key: value for key, value in found.items() if key != "told"}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> "Done":
        """Return what `to_json` gave."""
        file, piece = said["id"]
        return cls(**{**said, "id": (file, piece), "told": tuple(said.get("told", ()))})


@dataclass(frozen=True, slots=True)
class File:
    """A file of rows and its parts; `mark` tells whether it is still as it was."""

    number: int
    place: str
    mark: str
    parts: tuple[Part, ...] = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {**asdict(self), "parts": [part.to_json() for part in self.parts]}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> "File":
        """Return what `to_json` gave."""
        return cls(said["number"], said["place"], said["mark"], tuple(map(Part.from_json, said["parts"])))
