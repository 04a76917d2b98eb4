"""What makes an artefact larger than a model must be, and how it is slimmed."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from triglot.tables.table import Table

TIMES = 10  # the data: what is beyond is much
REMEDIES = {
    "r": (
        "a formula or a function that is made in a function keeps all that is there: rm() it before fit returns, or "
        "give the formula another environment, environment(formula) <- globalenv(), where predict needs nothing of it"
    ),
    "julia": "return from fit what predict needs, and no more",
    "python": "del it at the end of fit, or leave it out in __getstate__, where predict does not need it",
}


class Weight(NamedTuple):
    """An artefact's bytes, those of its data, and its largest part with its own; no part of one that is small."""

    language: str
    size: int
    data: int
    part: str = ""
    part_size: float = 0.0

    @classmethod
    def of(cls, language: str, size: int, X: Table, info: Mapping[str, Any]) -> "Weight":
        """Return what the worker that fitted the model found, in the `weights` of its info."""
        data = X.matrix().nbytes if X.is_matrix else sum(column.values.nbytes for column in X.columns)
        part, part_size = next(iter(info.get("weights") or ()), ("", 0.0))
        return cls(language, size, data, str(part), float(part_size))

    @property
    def one_sided(self) -> bool:
        """Whether one part is most of it, and can be done without or is far beyond the data."""
        needless = self.language == "r"  # whose workers name only what formulas and functions have dragged along
        return self.part_size > self.size / 2 and (needless or self.size > TIMES * self.data)

    @property
    def remark(self) -> str | None:
        """What the author is told at a fit; nothing of what an estimator of scikit-learn's kind has learned."""
        if not self.one_sided or (self.language == "python" and self.part.endswith("_")):
            return None
        return f"{self}; {self.remedy}"

    @property
    def remedy(self) -> str:
        """How it is slimmed."""
        return REMEDIES.get(self.language, "keep in the model what predict needs, and no more")

    def __str__(self) -> str:
        text = f"the stored model has {in_words(self.size)}, its data {in_words(self.data)}"
        return f"{text}: {in_words(self.part_size)} are {self.part}" if self.part else text


def in_words(size: float) -> str:
    """Return a number of bytes as people say it."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
