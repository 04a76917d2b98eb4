"""Models of a zoo in the company of neighbours that change what they can of their process."""

import random
from collections.abc import Callable, Sequence

from tests.workers.homes import X, Y, unfitted
from tests.workers.kinds import KEPT
from tests.workers.zoo import Caught
from triglot.training.fit_worker import Bench

MODELS = 8
ASKED = 2  # of those that are there already, after each newcomer


def among_neighbours(
    language: str,
    fresh: Bench,
    names: Sequence[str],
    catch: Callable[[str], Caught],
    hold: Callable[[Bench, str, Caught], None],
    chance: random.Random,
) -> None:
    """Put some models and all neighbours into one worker, in an order of chance, and hold the models against home.

    Neighbours are fitted there, so that their code runs; some models are asked after each newcomer, and all at the end.
    """
    models = chance.sample(list(names), MODELS)
    company = [*models, *KEPT[language]]
    chance.shuffle(company)
    there: dict[str, Caught] = {}
    for newcomer in company:
        if newcomer in models:
            there[newcomer] = catch(newcomer)
            hold(fresh, newcomer, there[newcomer])
        else:
            model, path = unfitted(language, newcomer)
            fresh.predict(newcomer, fresh.fit(newcomer, model, X, Y, path).artefact, X)
        for name in chance.sample(list(there), min(ASKED, len(there))):
            hold(fresh, name, there[name])
    for name in chance.sample(list(there), len(there)):
        hold(fresh, name, there[name])
