"""Palladium's import names: the modules there are, and whose they are."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from sklearn.base import clone

import triglot.palladium
from tests.helpers import PATIENCE_S
from triglot.aliases import IN_THE_SERVER, install
from triglot.config import resolve_dotted_name
from triglot.errors import ConfigError
from triglot.training.pipelines import declared, language_of

NAMES = """
dataset: CSV Table SQL OpenML EmptyDatasetLoader ScheduledDatasetLoader
persistence: File FileLike FileIO FileLikeIO Rest RestIO S3 S3IO Database DatabaseCLOB CachedUpdatePersister
persistence: UpgradeSteps
server: PredictService PredictStream add_url_rule fit activate update_model_cache list alive make_ujson_response
server: create_predict_function devserver_cmd stream_cmd
interfaces: Model DatasetLoader ModelPersister PredictService PredictError CrossValidationGenerator annotate
util: Partial get_config initialize_config get_metadata process_store logger timer RruleThread PluggableDecorator
util: resolve_dotted_name args_from_config apply_kwargs session_scope run_job memory_usage_psutil ProcessStore
util: upgrade upgrade_cmd export export_cmd version_cmd
config: get_config initialize_config process_config Config
fit: fit grid_search activate delete with_parallel_backend fit_cmd grid_search_cmd admin_cmd
eval: test list test_cmd list_cmd
cache: diskcache picklediskcache compute_key_attrs abstractcache
R: DatasetLoader ClassificationModel RegressionModel AbstractModel Rpy2Transform
julia: ClassificationModel AbstractModel
tests: run_smoke_tests_with_config
"""
PAIRS = [(line.split(":")[0], name) for line in NAMES.split("\n") if line for name in line.split(":")[1].split()]


@pytest.fixture(autouse=True)
def _installed() -> None:
    install()


@pytest.mark.parametrize(("module", "name"), PAIRS, ids=map(".".join, PAIRS))
def test_a_name_of_palladiums_is_there(module: str, name: str) -> None:
    found = importlib.import_module(f"palladium.{module}")
    assert found is importlib.import_module(IN_THE_SERVER.get(module, f"triglot.palladium.{module}"))
    assert resolve_dotted_name(f"palladium.{module}.{name}") is not None


def test_a_second_install_changes_nothing_and_the_module_keeps_its_own_spec() -> None:
    finders = len(sys.meta_path)
    install()
    assert len(sys.meta_path) == finders
    assert importlib.import_module("palladium") is triglot.palladium
    assert triglot.palladium.__spec__ is not None
    assert triglot.palladium.__spec__.name == "triglot.palladium"


def test_what_is_not_there_is_said_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match=r"nothing here stands for it\. Did you mean 'diskcache'"):
        resolve_dotted_name("palladium.cache.diskcash")
    with pytest.raises(ModuleNotFoundError, match=r"palladium\.nothing"):
        importlib.import_module("palladium.nothing")


@pytest.mark.parametrize(("made", "owner"), [("__init__.py", "theirs"), ("README", "ours")])
def test_palladium_itself_keeps_its_name_and_a_mere_folder_does_not(made: str, owner: str, tmp_path: Path) -> None:
    (tmp_path / "palladium").mkdir()
    (tmp_path / "palladium" / made).write_text("")
    (tmp_path / "palladium" / "util.py").write_text("")
    program = (
        "import sys; from triglot.aliases import install; install(); sys.path.insert(0, sys.argv[1]); "
        "import palladium.util; print('ours' if hasattr(palladium.util, 'timer') else 'theirs')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True, timeout=PATIENCE_S
    )
    assert done.stdout.strip() == owner


@pytest.mark.parametrize("module", ["wsgi", "server"])
def test_the_application_is_made_of_the_configuration_when_it_is_asked_for(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flask import Flask

    (tmp_path / "palladium-config.py").write_text("{'service_metadata': {'service_name': 'x'}}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRIGLOT_RUN_DIR", str(tmp_path / "run"))  # of workers that somebody else would start
    for variable in ("TRIGLOT_CONFIG", "PALLADIUM_CONFIG"):
        monkeypatch.delenv(variable, raising=False)
    wsgi = importlib.import_module("triglot.server.wsgi")
    monkeypatch.delitem(vars(wsgi), "app", raising=False)
    app = resolve_dotted_name(f"palladium.{module}.app")
    assert isinstance(app, Flask)
    assert app.test_client().get("/alive").json["service_metadata"] == {"service_name": "x"}
    monkeypatch.delitem(vars(wsgi), "app")


def test_the_steps_between_two_versions_are_taken_in_their_order() -> None:
    steps = importlib.import_module("palladium.persistence").UpgradeSteps()
    for version in ("1.10", "1.2", "0.9", "2.0"):
        steps.add(version)(lambda persister, version=version: f"{persister} {version}")
    assert steps.run("p", "0.9", "1.10") == ["p 1.2", "p 1.10"]


def test_dicts_become_a_configuration_of_their_own() -> None:
    process_config = importlib.import_module("palladium.config").process_config
    made = process_config(
        {"a": {"__factory__": "collections.OrderedDict", "x": 1}, "b": {"y": 1}},
        {"b": {"__copy__": "a", "x": 2}},
    )
    assert (type(made["a"]).__name__, made["a"], made["b"]) == ("OrderedDict", {"x": 1}, {"x": 2})


def test_r_and_julia_models_are_declared_as_before() -> None:
    R, julia = importlib.import_module("palladium.R"), importlib.import_module("palladium.julia")
    tree = R.ClassificationModel(scriptname="iris.R", funcname="train", encode_labels=True, ntree=50)
    assert (tree.language, tree.task) == ("r", "classification")
    arguments = {"scriptname": "iris.R", "funcname": "train", "encode_labels": True, "ntree": 50}
    assert tree.get_params() == arguments
    assert clone(tree).set_params(ntree=70).get_params() == arguments | {"ntree": 70}
    assert isinstance(tree, R.AbstractModel)
    assert isinstance(julia.ClassificationModel("SVM.svm", "SVM.predict"), julia.AbstractModel)
    assert not hasattr(R.AbstractModel("iris.R", "train"), "task")
    svm = julia.ClassificationModel("SVM.svm", "SVM.predict", fit_kwargs={"C": 1}, predict_kwargs={"p": 2})
    spec, sources = svm.author()
    assert sources == {}
    assert (spec["fit"], spec["predict"], spec["params"], spec["predict_params"], spec["layout"]) == (
        "SVM.svm",
        "SVM.predict",
        {"C": 1},
        {"p": 2},
        "columns",
    )
    assert clone(svm).get_params() == svm.get_params()
    assert svm.get_params()["fit_kwargs"] == {"C": 1}


def test_a_pipeline_that_only_passes_a_table_on_is_its_r_model() -> None:
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    R = importlib.import_module("palladium.R")
    model = R.RegressionModel(scriptname="tooth.R", funcname="train")
    pipeline = Pipeline([["trans", R.Rpy2Transform()], ["model", model]])
    assert declared(pipeline) is model
    assert language_of(pipeline) == "r"
    mixed = Pipeline([["scale", StandardScaler()], ["model", model]])
    assert declared(mixed) is mixed
    assert language_of(mixed) == "python"
    python = Pipeline([("scale", StandardScaler())])
    assert declared(python) is python
