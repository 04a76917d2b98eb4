"""The candidates of a search: all that scikit-learn tells of them, a table that fits a terminal, and the best."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pandas as pd

_RANK: Final = "rank_test_"
_MEAN: Final = "mean_test_"
_STD: Final = "std_test_"
_PARAM: Final = "param_"


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """What a search has found, the best first.

    `results` has a row a candidate and scikit-learn's own columns (`param_*`, `mean_test_*`, ...). `decides` names the
    score by which they are ordered, None where nothing ranks them.
    """

    results: "pd.DataFrame"
    decides: str | None

    @classmethod
    def of(cls, records: str, refit: str | None, best: int | None) -> "Candidates":
        """Return the candidates of `cv_results_` as JSON records.

        refit: the score that the search chooses by, where it has several; without it the first one decides. best: the
        index of what the search itself has chosen, which then comes first, whatever its rank.
        """
        import pandas as pd

        results = pd.DataFrame(json.loads(records))
        ranked = [str(name).removeprefix(_RANK) for name in results if str(name).startswith(_RANK)]
        decides = refit if refit in ranked else next(iter(ranked), None)
        order = results.index.to_list()
        if decides is not None:
            order = results.sort_values(_RANK + decides, kind="stable").index.to_list()
        if best is not None and best in order:
            order = [best, *(place for place in order if place != best)]
        return cls(results.loc[order], decides)

    def table(self) -> str:
        """Return what decides between them as text: parameters, scores with their deviation over the folds, times."""
        import pandas as pd

        found = self.results
        shown = pd.DataFrame(index=found.index)
        if self.decides is not None:
            shown["rank"] = found[_RANK + self.decides]
        said: Any = found["params"] if "params" in found else [{}] * len(found)
        for column in map(str, found):
            if column.startswith(_PARAM):  # whose own values a gap makes numbers of another kind
                name = column.removeprefix(_PARAM)
                shown[name] = [_plain(params.get(name)) for params in said]
        for score in self._scores():
            means, stds = found[_MEAN + score], found.get(_STD + score)
            apart = [""] * len(found) if stds is None else [f" ± {_number(std)}" for std in stds]
            shown[score] = [_number(mean) + std for mean, std in zip(means, apart, strict=True)]
        if "mean_fit_time" in found:
            shown["fit"] = [f"{seconds:.3g} s" for seconds in found["mean_fit_time"]]
        return shown.to_string(index=False)

    def best(self) -> str:
        """Return the best one on a line; empty where nothing says which that is."""
        if self.decides is None or not len(self.results):
            return ""
        first = self.results.iloc[0]
        params = first.get("params")
        said = " ".join(f"{name}={_plain(value)}" for name, value in params.items()) if isinstance(params, dict) else ""
        return f"Best: {said or 'as it is'}, {self.decides} {_number(first[_MEAN + self.decides])}"

    def _scores(self) -> list[str]:
        """Return the names of the scores, the one that decides first."""
        names = [str(name).removeprefix(_MEAN) for name in self.results if str(name).startswith(_MEAN)]
        return sorted(names, key=lambda name: name != self.decides)


def _plain(value: Any) -> str:
    return "" if value is None else str(value)


def _number(value: Any) -> str:
    """Return a score as text; None is how JSON has NaN."""
    return "nan" if value is None or value != value else f"{value:.4f}"
