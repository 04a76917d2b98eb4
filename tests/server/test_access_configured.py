"""The entry `access` of a configuration: what a project makes of it, and what is told of a bad one at once."""

import json
from pathlib import Path

import pytest

from triglot.access import callers
from triglot.errors import ConfigError
from triglot.operation import plan
from triglot.project import Project
from triglot.server.wsgi import build

LINE = {"name": "a", "key": callers.digest("secret"), "scopes": ["read"]}


def project(folder: Path, access: str, **environ: str) -> Project:
    (folder / "triglot-config.py").write_text(f"{{'access': {access}, 'run_dir': '{folder}/run'}}")
    return Project([folder / "triglot-config.py"], environ, folder)


def test_an_application_asks_for_what_its_configuration_wants(tmp_path: Path) -> None:
    (tmp_path / "who").write_text(json.dumps(LINE))
    made = project(tmp_path, "{'callers': 'who', 'rates': '2/h'}")
    client = build(made).test_client()
    assert client.get("/list").status_code == 401
    sent = {"X-API-Key": "secret"}
    assert [client.get("/list", headers=sent).status_code for _ in range(3)] == [200, 200, 429]
    assert client.get("/jobs", headers=sent).status_code == 403
    assert (made.is_guarded, made.has_jobs) == (True, True)


def test_the_environment_may_hold_the_callers(tmp_path: Path) -> None:
    client = build(project(tmp_path, "{}", TRIGLOT_CALLERS=json.dumps(LINE))).test_client()
    assert client.get("/list", headers={"X-API-Key": "secret"}).status_code == 200


def test_without_the_entry_nobody_is_asked_who_it_is(tmp_path: Path) -> None:
    (tmp_path / "triglot-config.py").write_text("{}")
    made = Project([tmp_path / "triglot-config.py"], {"TRIGLOT_CALLERS": "nonsense"}, tmp_path)
    assert made.access is None
    assert build(made).test_client().get("/list").status_code == 200


@pytest.mark.parametrize(
    ("access", "said"),
    [
        ("'callers'", "access: write a dict"),
        ("{'callers': 'nowhere'}", "access: callers: .*make the file"),
        ("{'oidc': {'issuer': 'https://id.example.com'}}", "access: oidc: write 'issuer' and 'audience'"),
    ],
)
def test_a_service_with_a_bad_entry_does_not_start(tmp_path: Path, access: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        plan(project(tmp_path, access), host=None, port=None, workers={})
