"""`POST /fit` as the page on the web service has it: carried out by the development server, and told where it waits."""

import importlib
import shutil
from pathlib import Path

import pytest

from tests.helpers import until
from tests.palladium.conftest import ask, devserver
from triglot.aliases import install
from triglot.server import wsgi
from triglot.server.admin import NO_RUNNER

TUTORIAL = Path(__file__).parent / "examples" / "tutorial" / "config.py"
# The page's own entry, in a file that PALLADIUM_CONFIG names second.
RULES = """{
    'flask_add_url_rules': [
        {
            '!': 'palladium.server.add_url_rule',
            'rule': '/fit',
            'view_func': 'palladium.server.fit',
            'methods': ['POST'],
        },
    ],
}"""


@pytest.fixture
def tutorial(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(TUTORIAL, place)
    (place / "rules.py").write_text(RULES)
    monkeypatch.setenv("PALLADIUM_CONFIG", "config.py,rules.py")
    monkeypatch.delenv("TRIGLOT_CONFIG", raising=False)
    monkeypatch.chdir(place)
    return place


def test_the_development_server_carries_a_fit_out(tutorial: Path) -> None:
    with devserver(tutorial, "list", PALLADIUM_CONFIG="config.py,rules.py") as url:
        status, started = ask(f"{url}/fit", {})
        assert (status, started.keys()) == (200, {"job_id"})
        until(lambda: bool(ask(f"{url}/list")[1]["models"]))
        job = ask(f"{url}/alive")[1]["process_metadata"]["jobs"][started["job_id"]]
        assert job["status"] in ("running", "finished")


def test_where_no_runner_was_started_the_answer_and_the_log_say_so(
    tutorial: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    install()
    monkeypatch.delitem(vars(wsgi), "app", raising=False)
    monkeypatch.delenv("TRIGLOT_JOB_RUNNER", raising=False)
    client = importlib.import_module("palladium.wsgi").app.test_client()
    answer = client.post("/fit").json
    assert answer["waits"] == NO_RUNNER
    assert f"job {answer['job_id']} waits: no runner of jobs was started" in caplog.text
    vars(wsgi).pop("app").extensions["triglot"].service.close()
