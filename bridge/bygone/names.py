"""Names as the installed scikit-learn has them, from names as one of its former releases had them."""

from collections.abc import Callable, Mapping
from typing import Any

from triglot.bygone.scikit_learn import MODULES, NAMES, SCORERS

_PRIVATE_SINCE = "0.24"


def todays(name: str) -> tuple[str, str] | None:
    """Return where a name of scikit-learn that is not there any more may stand now, and since which version.

    `sklearn.tree.tree.DecisionTreeClassifier` is looked for one folder up, as the modules of a package are private
    now. None is for names of others.
    """
    if name in NAMES:
        since, now = NAMES[name]
        return now, since
    module, _, last = name.replace(":", ".").rpartition(".")
    if module in MODULES:
        since, package = MODULES[module]
        return f"{package}.{last}", since
    package, _, _ = module.rpartition(".")
    return (f"{package}.{last}", _PRIVATE_SINCE) if package.startswith("sklearn.") else None


def todays_scoring(scoring: Any, tell: Callable[[str], object]) -> Any:
    """Return a `scoring` with the scorers' names of today; `tell` gets a sentence for each that had another."""
    if isinstance(scoring, Mapping):
        return {name: todays_scoring(entry, tell) for name, entry in scoring.items()}
    if not isinstance(scoring, str) or scoring not in SCORERS:
        return scoring
    tell(f"scoring: {scoring!r} is called {SCORERS[scoring]!r} since scikit-learn 0.20; write that")
    return SCORERS[scoring]
