"""R and Julia models are declarations: nothing is read before a fit, and then exactly the author's files."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from triglot.errors import BadRequest, ConfigError
from triglot.estimators import JuliaClassifier, JuliaRegressor, RClassifier, RRegressor
from triglot.protocol.sources import MAX_BYTES
from triglot.training.pipelines import language_of


@pytest.fixture
def author(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Hold an author's folder, which is the working directory."""
    (tmp_path / "iris.R").write_text("fit <- function(x, y) 1\n")
    (tmp_path / "helpers.R").write_text("help <- function() 2\n")
    (tmp_path / "notes.txt").write_text("not code")
    (tmp_path / "secret.csv").write_text("a,b")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_r_model_brings_its_script_and_the_r_files_beside_it(author: Path) -> None:
    spec, sources = RClassifier(script="iris.R", fit_function="train", params={"ntree": 5}, seed=7).author()

    assert sources == {
        "helpers.R": "help <- function() 2\n",
        "iris.R": "fit <- function(x, y) 1\n",
    }
    assert spec == {
        "script": "iris.R",
        "folder": str(author),
        "fit": "train",
        "params": {"ntree": 5},
        "x": "data.frame",
        "encode_labels": False,
        "seed": 7,
    }


def test_what_an_author_does_not_name_is_not_in_the_spec(author: Path) -> None:
    spec, _ = RRegressor(script="iris.R").author()
    assert not {"predict", "predict_proba", "seed"} & set(spec)

    spec, _ = RRegressor(script="iris.R", predict_function="answer", predict_proba_function="chances").author()
    assert (spec["predict"], spec["predict_proba"]) == ("answer", "chances")


def test_a_script_that_is_not_there_is_named_when_it_is_needed_and_no_earlier() -> None:
    model = RClassifier(script="nowhere.R")

    with pytest.raises(
        BadRequest, match=r"there is no file '.*nowhere.R'; the script's path is relative to the working"
    ):
        model.author()


def test_a_julia_model_belongs_to_the_project_beside_or_above_it(author: Path) -> None:
    (author / "src").mkdir()
    (author / "src" / "Toy.jl").write_text("module Toy end")
    alone, sources = JuliaClassifier(script="src/Toy.jl", fit_function="Toy.fit").author()
    assert (alone["script"], alone["folder"]) == ("Toy.jl", str(author / "src"))
    assert list(sources) == ["Toy.jl"]

    (author / "Project.toml").write_text('name = "Toy"')
    within, sources = JuliaClassifier(script="src/Toy.jl", fit_function="Toy.fit").author()
    assert (within["script"], within["folder"]) == ("src/Toy.jl", str(author))
    assert sorted(sources) == ["Project.toml", "src/Toy.jl"]


def test_julia_s_predict_is_the_one_beside_fit_unless_it_is_named(author: Path) -> None:
    (author / "toy.jl").write_text("")

    assert "predict" not in JuliaRegressor(script="toy.jl").author()[0]
    assert JuliaRegressor(script="toy.jl", predict_function="Toy.answer").author()[0]["predict"] == "Toy.answer"


def test_a_julia_model_without_a_script_names_a_package() -> None:
    spec, sources = JuliaRegressor(fit_function="SVM.svm", layout="columns", labels="codes").author()
    assert sources == {}
    assert "script" not in spec
    assert (spec["fit"], spec["layout"], spec["labels"]) == ("SVM.svm", "columns", "codes")

    with pytest.raises(ConfigError, match=r"a Julia model without a script names a package's function, such as 'Pack"):
        JuliaRegressor(fit_function="svm").author()


@pytest.mark.parametrize(
    ("model", "language", "task"),
    [
        (RClassifier(script="a.R"), "r", "classification"),
        (RRegressor(script="a.R"), "r", "regression"),
        (JuliaClassifier(script="a.jl"), "julia", "classification"),
        (JuliaRegressor(script="a.jl"), "julia", "regression"),
    ],
)
def test_a_model_says_its_language_and_its_task(model: object, language: str, task: str) -> None:
    assert language_of(model) == language
    assert getattr(model, "task", None) == task


def test_what_does_not_say_its_language_is_python() -> None:
    assert language_of(LogisticRegression()) == "python"
    assert language_of(None) == "python"


def test_a_misspelt_argument_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="skript"):
        RClassifier(skript="a.R")  # type: ignore[call-arg]


def test_arguments_and_the_authors_own_parameters_can_be_read_set_and_cloned() -> None:
    model = RClassifier(script="iris.R", fit_function="train", params={"ntree": 5}, seed=7)
    assert model.get_params(deep=False) == {
        "script": "iris.R",
        "fit_function": "train",
        "params": {"ntree": 5},
        "predict_function": None,
        "predict_proba_function": None,
        "predict_params": None,
        "predict_proba_params": None,
        "dump_function": None,
        "load_function": None,
        "x": "data.frame",
        "encode_labels": False,
        "seed": 7,
        "lib_paths": (),
        "unseen_levels": "error",
        "files": (),
    }
    assert model.get_params()["params__ntree"] == 5

    copy = clone(model).set_params(params__ntree=6, params__mtry=2, fit_function="retrain")
    assert copy.get_params(deep=False) == {
        **model.get_params(deep=False),
        "fit_function": "retrain",
        "params": {"ntree": 6, "mtry": 2},
    }
    assert model.params == {"ntree": 5}
    assert copy.set_params(params__ntree=1, params={"mtry": 3}).params == {"mtry": 3, "ntree": 1}
    assert JuliaRegressor().set_params(predict_params__k=2).predict_params == {"k": 2}
    assert RRegressor().set_params(predict_params__type="link").predict_params == {"type": "link"}
    with pytest.raises(ValueError, match=r"Invalid parameter 'ntree' for estimator RClassifier"):
        model.set_params(ntree=7)
    with pytest.raises(
        ValueError, match=r"JuliaRegressor has no parameter 'x__k'; single ones are params__NAME, predict_"
    ):
        JuliaRegressor().set_params(x__k=7)


def test_numbers_of_numpy_reach_the_author_as_plain_ones(author: Path) -> None:
    grid = {"depth": np.int64(3), "rates": np.array([0.5, 1.0]), "deep": {"flag": np.bool_(True)}, "pair": (1, 2)}
    spec, _ = RRegressor(script="iris.R", params=grid, seed=np.int32(4)).author()
    assert spec["params"] == {"depth": 3, "rates": [0.5, 1.0], "deep": {"flag": True}, "pair": [1, 2]}
    assert type(spec["params"]["depth"]) is int
    assert type(spec["seed"]) is int


def test_a_model_without_a_script_says_so_when_it_is_needed() -> None:
    with pytest.raises(ConfigError, match="RRegressor has no script: name the R file that defines the model"):
        RRegressor().author()


def test_declared_files_travel_as_bytes_under_their_names_from_the_folder_of_the_sources(author: Path) -> None:
    (author / "src").mkdir()
    (author / "src" / "Toy.jl").write_text("module Toy end")
    (author / "src" / "rates.bin").write_bytes(b"\xff\x00")
    (author / "Project.toml").write_text('name = "Toy"')
    spec, sources = JuliaClassifier(script="src/Toy.jl", files=["./rates.bin"]).author()
    assert spec["files"] == ["src/rates.bin"]
    assert sources["src/rates.bin"] == "/wA="
    assert "files" not in JuliaClassifier(script="src/Toy.jl").author()[0]

    spec, sources = RClassifier(script="iris.R", files=["secret.csv", "helpers.R"]).author()
    assert spec["files"] == ["helpers.R", "secret.csv"]
    assert sorted(sources) == ["helpers.R", "iris.R", "secret.csv"]


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (["../secret.csv"], r"files: '\.\./secret\.csv' does not lie beside the script"),
        (["/etc/passwd"], r"files: '/etc/passwd' does not lie beside the script"),
        (["rates.csv"], r"files: 'rates\.csv' is not there; names are relative to"),
        (["data"], r"files: 'data' is a folder; name the files in it"),
        ("secret.csv", r"files: 'secret\.csv' must be a list"),
        ([1], r"files: \[1\] must be a list"),
        (["big.bin"], r"files: they hold more than 4 MiB with 'big\.bin'; read large data where the model is fitted"),
    ],
)
def test_a_declared_file_that_cannot_travel_is_refused_with_its_name(
    author: Path, files: list[str], problem: str
) -> None:
    (author / "data").mkdir()
    (author / "big.bin").write_bytes(bytes(MAX_BYTES + 1))
    with pytest.raises(BadRequest, match=problem):
        RClassifier(script="iris.R", files=files).author()


def test_files_without_a_script_have_nothing_to_lie_beside() -> None:
    with pytest.raises(ConfigError, match=r"files: they lie beside a script"):
        JuliaRegressor(fit_function="SVM.svm", files=["rates.csv"]).author()


def test_a_pickle_of_the_time_before_has_no_files(author: Path) -> None:
    before = RClassifier(script="iris.R")
    del before.files
    assert clone(before).get_params()["files"] == ()
