"""What libraries took when configurations were written and take no more: dropped, respelt, or told what replaced it."""

import logging
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.palladium.conftest import lines, pld
from triglot.bygone import scikit_learn
from triglot.bygone.arguments import todays
from triglot.config import combine, instantiate, resolve_dotted_name
from triglot.config.components import _tell_once
from triglot.config.names import _tell_once as tell_of_name
from triglot.dataset import CSV, Table
from triglot.errors import ConfigError
from triglot.training.evaluation import scorers
from triglot.training.search import search_of

# The configuration of Palladium's tutorial, as its example folder has it.
TUTORIAL = Path(__file__).parent / "examples" / "tutorial" / "config.py"


@pytest.fixture(autouse=True)
def _as_in_a_new_process() -> None:
    _tell_once.cache_clear()
    tell_of_name.cache_clear()


def built(model: dict[str, Any]) -> Any:
    return instantiate(combine([(Path("config.py"), {"model": model})]))["model"]


def test_the_tutorials_configuration_is_fitted_as_it_is_and_the_log_names_library_and_version(place: Path) -> None:
    (place / "config.py").write_text(TUTORIAL.read_text())
    fitted = pld("pld-fit", "--evaluate", cwd=place, PALLADIUM_CONFIG="config.py")

    assert fitted.returncode == 0, fitted.stderr
    assert "Wrote model with version 1." in lines(fitted.stderr)
    [warned] = [line for line in fitted.stderr.splitlines() if "multi_class" in line]
    assert warned.startswith("WARNING:palladium:")
    assert "model: sklearn.linear_model.LogisticRegression: 'multi_class' is gone since scikit-learn 1.8" in warned
    assert "'auto' changes nothing now; take it out" in warned


# The first version that has no such argument any more, a value that it had, and what is made of that today.
MODELS: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("sklearn.linear_model.Ridge", {"normalize": False}, "'normalize' is gone since scikit-learn 1.2", {}),
    (
        "sklearn.tree.DecisionTreeClassifier",
        {"presort": False, "min_impurity_split": None},
        "'min_impurity_split' is gone since scikit-learn 1.0",
        {},
    ),
    (
        "sklearn.ensemble.GradientBoostingClassifier",
        {"loss": "deviance", "max_features": "auto", "presort": "auto"},
        "'loss' is spelt 'log_loss' since scikit-learn 1.3",
        {"loss": "log_loss", "max_features": None},
    ),
    (
        "sklearn.linear_model.SGDClassifier",
        {"loss": "log", "penalty": "none"},
        "'loss' is spelt 'log_loss' since scikit-learn 1.3",
        {"loss": "log_loss", "penalty": None},
    ),
    (
        "sklearn.ensemble.RandomForestRegressor",
        {"criterion": "mse", "max_features": "auto"},
        "'max_features' is spelt 1.0 since scikit-learn 1.3",
        {"criterion": "squared_error", "max_features": 1.0},
    ),
    (
        "sklearn.cluster.AgglomerativeClustering",
        {"affinity": "euclidean"},
        "'affinity' is gone since scikit-learn 1.4; write 'metric'",
        {"metric": "euclidean"},
    ),
    ("sklearn.cluster.KMeans", {"n_jobs": -1}, "'n_jobs' is gone since scikit-learn 1.0", {}),
    (
        "sklearn.ensemble.BaggingClassifier",
        {"base_estimator": {"__factory__": "sklearn.tree.tree.DecisionTreeClassifier", "max_depth": 2}},
        "'base_estimator' is gone since scikit-learn 1.4; write 'estimator'",
        {"estimator__max_depth": 2},
    ),
    (
        "sklearn.preprocessing.Imputer",
        {"missing_values": "NaN", "strategy": "median", "axis": 0, "verbose": 0},
        "'axis' is gone since scikit-learn 0.22",
        {"strategy": "median"},
    ),
]


@pytest.mark.parametrize(("name", "given", "told", "made"), MODELS, ids=[name for name, *_ in MODELS])
def test_what_the_old_default_was_is_left_out_and_what_is_spelt_otherwise_is_respelt(
    name: str, given: dict[str, Any], told: str, made: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    model = built({"!": name, **given})
    assert any(told in message and message.startswith("config.py: model") for message in caplog.messages)
    parameters = model.get_params()
    assert {key: parameters[key] for key in made} == made


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("LogisticRegression", {"multi_class": "ovr"}, "1.8, and was 'ovr': for 'ovr' wrap the model in sklearn.multi"),
        ("Lasso", {"normalize": True}, "1.2, and was True: put sklearn.preprocessing.StandardScaler before the model"),
        ("SGDClassifier", {"n_iter": 50}, "0.21, and was 50: write 'max_iter', with 'tol': None"),
        ("RANSACRegressor", {"base_estimator": None, "estimator": None}, "1.3, and was None: 'estimator' is given as"),
    ],
)
def test_any_other_value_is_an_error_that_says_what_replaced_it(name: str, given: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        built({"!": f"sklearn.linear_model.{name}", **given})
    assert str(refused.value).startswith(f"config.py: model: sklearn.linear_model.{name}: ")
    assert f"is gone since scikit-learn {told}" in str(refused.value)


def test_an_argument_that_never_was_is_told_as_before() -> None:
    with pytest.raises(ConfigError, match="has no argument 'normalize'"):
        built({"!": "sklearn.linear_model.LogisticRegression", "normalize": False})


def test_a_class_of_the_users_own_takes_what_its_base_took(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_ridge.py").write_text("from sklearn.linear_model import Ridge\nclass Mine(Ridge):\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert built({"!": "own_ridge.Mine", "normalize": False, "alpha": 2}).alpha == 2


@pytest.mark.parametrize(
    ("former", "now"),
    [
        ("sklearn.grid_search.GridSearchCV", "sklearn.model_selection.GridSearchCV"),
        ("sklearn.cross_validation:StratifiedKFold", "sklearn.model_selection.StratifiedKFold"),
        ("sklearn.linear_model.logistic.LogisticRegression", "sklearn.linear_model.LogisticRegression"),
        ("sklearn.ensemble.forest.RandomForestClassifier", "sklearn.ensemble.RandomForestClassifier"),
        ("sklearn.lda.LDA", "sklearn.discriminant_analysis.LinearDiscriminantAnalysis"),
        ("sklearn.externals.joblib.Parallel", "joblib.Parallel"),
    ],
)
def test_a_name_that_moved_is_found_where_it_is_now_and_told(
    former: str, now: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert resolve_dotted_name(former) is resolve_dotted_name(now)
    assert f"{former} is {now} since scikit-learn 0." in caplog.text


def test_every_name_that_is_said_to_have_moved_is_there_now() -> None:
    for _, now in scikit_learn.NAMES.values():
        assert resolve_dotted_name(now) is not None
    assert set(scikit_learn.SCORERS.values()) <= scorers(list(scikit_learn.SCORERS.values())).keys()


def test_a_name_that_is_nowhere_is_told_as_it_was_written() -> None:
    with pytest.raises(ConfigError, match=r"'sklearn\.tree' has no 'treee'"):
        resolve_dotted_name("sklearn.tree.treee.Nothing")


def test_a_search_leaves_out_what_searches_lost_and_finds_scorers_by_their_former_names(
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = built({"!": "sklearn.linear_model.Ridge"})
    entry = {"param_grid": {"alpha": [0.1, 1.0]}, "iid": True, "fit_params": None, "cv": 3}
    search = search_of(entry, model, "mean_squared_error", np.zeros((6, 1)), np.zeros(6), persist=False)
    assert search.scoring == "neg_mean_squared_error"
    assert "grid_search: 'iid' is gone since scikit-learn 0.24" in caplog.text
    assert "grid_search: scoring: 'mean_squared_error' is called 'neg_mean_squared_error'" in caplog.text
    with pytest.raises(ConfigError, match=r"grid_search: 'fit_params' is gone since scikit-learn 0\.21.*give what"):
        search_of({**entry, "fit_params": {"a": 1}}, model, None, np.zeros((6, 1)), np.zeros(6), persist=False)
    [scorer] = scorers("log_loss").values()
    assert callable(scorer)


def test_readers_take_what_pandas_lost(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    file = tmp_path / "a.data"
    file.write_text("1  2\n3   4\n5 6\nend\n")
    former = {"delim_whitespace": True, "squeeze": False, "skip_footer": 1}
    X, y = Table(str(file), target_column=1, header=None, engine="python", **former)()
    assert (X.tolist(), y.tolist()) == ([[1], [3], [5]], [2, 4, 6])
    assert r"'delim_whitespace' is gone since pandas 3.0; write 'sep': '\\s+'" in caplog.text
    assert "'squeeze' is gone since pandas 2.0, and left out here" in caplog.text
    with pytest.raises(ConfigError, match=r"'date_parser' is gone since pandas 3\.0, and was .*: write 'date_format'"):
        CSV(str(file), date_parser=int)()


def test_what_is_taken_still_is_left_alone() -> None:
    said: list[str] = []
    given = {"loss": "log_loss", "alpha": 0.1, "n_jobs": 2}
    assert todays(resolve_dotted_name("sklearn.linear_model.SGDClassifier"), given, said.append) == given
    assert todays(dict, {"normalize": True}, said.append) == {"normalize": True}
    assert said == []


def test_a_cross_validation_by_partial_is_that_of_today(caplog: pytest.LogCaptureFixture) -> None:
    """Palladium's pages have it so: a splitter's name of then, which a search calls with the target if it takes one."""
    spelt = {"!": "palladium.util.Partial", "func": "sklearn.cross_validation.StratifiedKFold", "random_state": 0}
    model = built({"!": "sklearn.linear_model.LogisticRegression"})
    y = np.repeat([0, 1], 6)
    found = search_of({"param_grid": {"C": [1]}, "cv": built(spelt)}, model, None, np.zeros((12, 1)), y, persist=False)
    assert found.cv.get_n_splits() == 5
    assert "without 'shuffle' 'random_state' is refused since scikit-learn 0.24, and left out here" in caplog.text
    pickle.loads(pickle.dumps(found))

    shuffled = {**spelt, "n_folds": 3, "shuffle": True}
    found = search_of(
        {"param_grid": {"C": [1]}, "cv": built(shuffled)}, model, None, np.zeros((12, 1)), y, persist=False
    )
    assert (found.cv.get_n_splits(), found.cv.random_state) == (3, 0)
    direct = built({"!": "sklearn.model_selection.KFold", "random_state": 0, "shuffle": False})
    assert direct.random_state is None
