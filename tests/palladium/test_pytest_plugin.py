"""Suites that were written with Palladium's plugin for pytest: its fixtures, its option, and nothing without it."""

import subprocess
import sys
from pathlib import Path

from tests.helpers import PATIENCE_S
from tests.palladium.conftest import surroundings

SUITE = """
import pytest
from palladium.util import args_from_config, get_config, process_store
{asked}

@pytest.fixture
def flask_client(flask_app):
    return flask_app.test_client()

@args_from_config
def where(shop, **_):
    return shop

def test_what_is_set_is_the_configuration(config):
    config['shop'] = 'north'
    assert where() == 'north'
    config.update(shop='south')
    assert where() == 'south'

def test_else_it_is_what_the_file_says(config):
    assert get_config()['service_metadata'] == {{'service_name': 'iris'}}
    assert 'shop' not in config

@pytest.mark.slow
def test_an_application_answers(flask_app_test, flask_client):
    assert flask_client.get('/alive').json['service_metadata'] == {{'service_name': 'iris'}}
    flask_app_test.add_url_rule('/mine', view_func=lambda: 'mine', endpoint='mine')
    assert flask_client.get('/mine').text == 'mine'

@pytest.mark.slow
def test_and_its_routes_end_with_the_test(flask_app, flask_client):
    with flask_app.test_request_context('/mine'):
        assert flask_client.get('/mine').status_code == 404
"""


def suite(place: Path, *arguments: str, asked: str = "") -> str:
    """Return what pytest says of the suite, in a folder that has a configuration."""
    (place / "palladium-config.py").write_text("{'service_metadata': {'service_name': 'iris'}}")
    (place / "test_mine.py").write_text(SUITE.format(asked=asked))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={place}", *arguments]
    environ = surroundings(PALLADIUM_CONFIG="another.py")
    done = subprocess.run(command, cwd=place, env=environ, capture_output=True, text=True, timeout=PATIENCE_S)
    return done.stdout + done.stderr


def test_a_suite_has_its_fixtures_and_its_option(tmp_path: Path) -> None:
    assert "4 passed" in suite(tmp_path, "-p", "palladium", "--runslow")


def test_a_suite_may_ask_for_it_itself_and_slow_tests_are_skipped(tmp_path: Path) -> None:
    assert "2 passed, 2 skipped" in suite(tmp_path, asked="pytest_plugins = 'palladium'")


def test_who_does_not_ask_has_nothing_of_it(tmp_path: Path) -> None:
    said = suite(tmp_path)
    assert "fixture 'config' not found" in said
    assert "--runslow" not in suite(tmp_path, "--help")
