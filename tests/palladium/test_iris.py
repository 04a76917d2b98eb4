"""The iris project as Palladium's users have it: every command on one configuration, in the order of a working day."""

import ast
import json
import re
import urllib.parse
from pathlib import Path

import pandas as pd
import pytest

from tests.palladium.conftest import ask, devserver, lines, pld

ROW = {"sepal length": 6.3, "sepal width": 2.5, "petal length": 4.9, "petal width": 1.5}


def listed(text: str) -> tuple[list[dict[str, object]], dict[str, str]]:
    models, properties = re.fullmatch(r"Models:\n(.*)\nProperties:\n(.*)", text.strip(), re.DOTALL).groups()  # type: ignore[union-attr]
    return ast.literal_eval(models), ast.literal_eval(properties)


def test_fit_says_what_it_does_and_writes_version_1(iris: Path) -> None:
    done = pld("pld-fit", "--evaluate", cwd=iris)

    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    said = lines(done.stderr)
    wanted = [
        "Loading data...",
        "Fitting model...",
        "DEBUG:palladium:Evaluating model on train set...",
        "Train score: 0.95",
        "Loading test data...",
        "DEBUG:palladium:Evaluating model on test set...",
        "Test score:  0.98",
        "Writing model...",
        "Wrote model with version 1.",
    ]
    assert [line for line in said if line in wanted] == wanted
    assert re.search(r"^Loading data done in \d+\.\d{3} sec\.$", "\n".join(said), re.MULTILINE)
    assert (iris / "iris-model.db").exists()


def test_test_tells_the_score_of_the_active_version(iris: Path) -> None:
    done = pld("pld-test", "--model-version=1", cwd=iris)

    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    said = lines(done.stderr)
    wanted = ["Loading data...", "Reading model...", "Loaded model version 1", "Applying model..."]
    assert [line for line in said if line in wanted] == wanted
    assert said[-1] == "Score: score: 0.98."


def test_list_prints_what_is_known(iris: Path) -> None:
    done = pld("pld-list", cwd=iris)

    assert done.returncode == 0, done.stderr
    models, properties = listed(done.stdout)
    assert [model["version"] for model in models] == [1]
    assert (models[0]["score_train"], models[0]["score_test"]) == (0.95, 0.98)
    assert "train_timestamp" in models[0]
    assert (properties["active-model"], properties["db-version"]) == ("1", "1.2.4.1")


def test_devserver_answers_as_palladium_answered(iris: Path) -> None:
    with devserver(iris) as url:
        query = urllib.parse.urlencode(ROW)
        status, good = ask(f"{url}/predict?{query}")
        assert (status, good["result"]) == (200, "Iris-versicolor")
        said = {"status": "OK", "error_code": 0, "service_name": "iris", "service_version": "0.1"}
        assert said.items() <= good["metadata"].items()
        setosa = {**ROW, "petal length": "1.2", "petal width": 0.2, "colour": "blue"}
        assert ask(f"{url}/predict", [ROW, setosa])[1]["result"] == ["Iris-versicolor", "Iris-setosa"]
        shares = ask(f"{url}/predict-proba?{query}")[1]["result"]
        # Palladium's own, up to where a newer scikit-learn ends its iterations
        assert shares == pytest.approx([0.007426, 0.569559, 0.423015], abs=1e-4)

        status, bad = ask(f"{url}/predict?sepal+length=1")
        assert (status, bad["metadata"]["status"], bad["metadata"]["error_code"]) == (400, "ERROR", -1)
        status, alive = ask(f"{url}/alive")
        assert (status, alive["service_metadata"]["service_name"]) == (200, "iris")
        assert alive["memory_usage"] > 0
        assert alive["model_persister"]["metadata"]["version"] == 1
        assert ask(f"{url}/list")[1]["properties"]["active-model"] == "1"


def test_grid_search_prints_its_results_the_best_first_and_stores_nothing(iris: Path) -> None:
    done = pld("pld-grid-search", "--save-results=results.csv", cwd=iris)

    assert done.returncode == 0, done.stderr
    assert "Running grid search..." in lines(done.stderr)
    assert "Fitting 3 folds for each of 3 candidates, totalling 9 fits" in done.stdout
    assert "param_C" in done.stdout
    results = pd.read_csv(iris / "results.csv")
    assert results["rank_test_score"].is_monotonic_increasing
    assert set(results["param_C"]) == {0.1, 0.3, 1.0}
    assert "Wrote model" not in done.stderr


def test_stream_answers_line_by_line_and_goes_on_after_errors(iris: Path) -> None:
    rows = json.dumps([ROW, {**ROW, "petal length": 1.2, "petal width": "0.2"}])
    missing = json.dumps([{"sepal length": 1}])
    done = pld("pld-stream", cwd=iris, said=f"{rows}\n{missing}\n\n[]\n{rows}\n  Exit \n{rows}\n")

    assert done.returncode == 0, done.stderr
    answers = '["Iris-versicolor","Iris-setosa"]'
    assert done.stdout.splitlines() == [answers, "[]", "[]", "[]", answers]
    assert f"Error while processing input row: {missing}\n<class " in done.stderr
    assert "field 'petal width': is missing" in done.stderr


def test_persist_best_stores_the_search_with_its_results_and_activates_it(iris: Path) -> None:
    done = pld("pld-grid-search", "--persist-best", cwd=iris)

    assert done.returncode == 0, done.stderr
    assert "Wrote model with version 2." in lines(done.stderr)
    models, properties = listed(pld("pld-list", cwd=iris).stdout)
    assert {record["param_C"] for record in json.loads(str(models[1]["cv_results"]))} == {0.1, 0.3, 1.0}
    assert properties["active-model"] == "2"


def test_admin_activates_and_deletes(iris: Path) -> None:
    done = pld("pld-admin", "activate", "1", cwd=iris)
    assert (done.returncode, lines(done.stderr)) == (0, ["Activated model with version 1."])
    done = pld("pld-admin", "delete", "2", cwd=iris)
    assert (done.returncode, lines(done.stderr)) == (0, ["Deleted model with version 2."])
    done = pld("pld-admin", "activate", "99", cwd=iris)
    assert done.returncode == 1
    assert "has no version 99; known versions: 1" in done.stderr


def test_upgrade_and_export_do_what_they_say(iris: Path) -> None:
    done = pld("pld-upgrade", "--from=1.2", cwd=iris)
    assert done.returncode == 0, done.stderr

    (iris / "both.py").write_text(
        "{'model_persister_export': {'!': 'palladium.persistence.Database', 'url': 'sqlite:///there.db'}}"
    )
    done = pld("pld-export", "--version=1", cwd=iris, PALLADIUM_CONFIG="palladium-config.py,both.py")
    assert (done.returncode, lines(done.stderr)) == (0, ["Exported model. New version number: 1"]), done.stderr
    assert (iris / "there.db").exists()
