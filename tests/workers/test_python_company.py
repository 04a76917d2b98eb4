"""Estimators of scikit-learn in one worker with neighbours that change what they can of their process."""

import os
import random
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from tests.helpers import KEY
from tests.workers.company import among_neighbours
from tests.workers.zoo import Caught
from triglot.tables.frames import to_table
from triglot.training.fit_worker import Bench, bench

ZOO = {
    "logistic": make_pipeline(StandardScaler(), LogisticRegression()),
    "forest": RandomForestClassifier(20, random_state=1),
    "boosted": GradientBoostingClassifier(n_estimators=10, random_state=1),
    "process": GaussianProcessClassifier(random_state=1),
    "descent": SGDClassifier(loss="log_loss", random_state=1),
    "bayes": GaussianNB(),
    "neighbours": KNeighborsClassifier(),
    "network": MLPClassifier((5,), max_iter=100, random_state=1),
    "vectors": SVC(),
    "tree": DecisionTreeClassifier(random_state=1),
    "components": make_pipeline(PCA(2, random_state=1), PolynomialFeatures(2), LogisticRegression(max_iter=1_000)),
}
FLOWERS = load_iris(as_frame=True)


@pytest.mark.parametrize("seed", [1, 2])
def test_models_loaded_in_any_order_among_bad_neighbours_answer_as_alone(
    benches: Callable[[str], Bench], seed: int
) -> None:
    home = benches("python")
    alone: dict[str, np.ndarray] = {}

    def catch(name: str) -> Caught:
        artefact = home.fit(name, ZOO[name], FLOWERS.data, FLOWERS.target).artefact
        alone[name] = home.predict(name, artefact, FLOWERS.data)
        return Caught(artefact, to_table(FLOWERS.data))

    def hold(fresh: Bench, name: str, caught: Caught) -> None:
        assert fresh.predict(name, caught.artefact, caught.X).tolist() == alone[name].tolist()

    environ = {**os.environ, "TRIGLOT_SIGNING_KEY": KEY.decode()}
    with bench("python", environ) as fresh:
        among_neighbours("python", fresh, list(ZOO), catch, hold, random.Random(seed))
