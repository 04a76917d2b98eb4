"""`palladium.server.app`: modules of a configuration import it before it is made, and add to it when it answers."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from triglot.aliases import install
from triglot.server import wsgi

# A module that decorates views by an object made of the application, as the deployment page has it for OAuth.
MODULE = """
from functools import wraps
from flask import g, jsonify, request
from palladium.server import app

class Provider:
    def __init__(self, app):
        app.before_request(self.see)
        app.after_request(self.sign)
    def see(self):
        g.owner = request.headers.get('X-Owner', '')
        return ('shut', 423) if request.path == '/shut' else None
    def sign(self, response):
        response.headers['X-Seen'] = g.owner
        return response
    def require_oauth(self, realm):
        def decorator(view):
            @wraps(view)
            def guarded(*args, **kwargs):
                return view(*args, **kwargs) if g.owner == realm else ('no', 401)
            return guarded
        return decorator

require_oauth = Provider(app).require_oauth('myrealm')

@app.route('/hello/<name>')
def hello(name):
    return jsonify(name)
"""
CONFIG = """{
    'predict_decorators': ['oauth_circle.require_oauth'],
    'alive_decorators': ['oauth_circle.require_oauth'],
    'predict_service': {'!': 'palladium.server.PredictService', 'mapping': [('x', 'float')]},
}"""
OWNER = {"X-Owner": "myrealm"}


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Give the module whose decorators the configuration of the working directory names; no application is made."""
    install()
    (tmp_path / "oauth_circle.py").write_text(MODULE)
    (tmp_path / "palladium-config.py").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for variable in ("TRIGLOT_CONFIG", "PALLADIUM_CONFIG"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TRIGLOT_RUN_DIR", str(tmp_path / "run"))  # of workers that somebody else would start
    monkeypatch.delitem(vars(wsgi), "app", raising=False)
    yield importlib.import_module("oauth_circle")
    vars(wsgi).pop("app", None)
    del sys.modules["oauth_circle"]


def served(name: str) -> Any:
    return importlib.import_module(f"palladium.{name}").app


@pytest.mark.parametrize("first", ["wsgi", "server"])
def test_a_decorator_may_be_made_of_the_application_that_it_decorates(module: ModuleType, first: str) -> None:
    assert served(first) is module.app  # type: ignore[attr-defined]
    client = served(first).test_client()
    assert client.get("/alive").status_code == 401
    seen = client.get("/alive", headers=OWNER)
    assert (seen.status_code, seen.headers["X-Seen"]) == (200, "myrealm")
    assert seen.headers["X-Request-Id"]
    assert client.get("/predict?x=1").status_code == 401
    assert client.get("/hello/you").json == "you"
    shut = client.get("/shut")
    assert (shut.status_code, bool(shut.headers["X-Request-Id"])) == (423, True)
    assert served("wsgi") is served("server") is module.app  # type: ignore[attr-defined]


def test_routes_and_hooks_are_taken_when_it_answers_already(module: ModuleType) -> None:
    app = served("wsgi")
    client = app.test_client()
    assert client.get("/late").status_code == 404
    app.add_url_rule("/late", view_func=lambda: "late", endpoint="late")
    app.after_request(lambda response: response.headers.set("X-Late", "1") or response)
    late = client.get("/late")
    assert (late.text, late.headers["X-Late"]) == ("late", "1")


def test_importing_it_reads_no_configuration(module: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "palladium-config.py").write_text("{")
    assert served("server") is module.app  # type: ignore[attr-defined]
