"""The Compose file: valid for its schema; no password in it, no port open to the world, nothing that drifts."""

import pytest
import yaml

from tests.deploy import schema
from tests.deploy.described import deployment, full
from triglot.deploy import compose
from triglot.deploy.description import Deployment
from triglot.deploy.text import to_yaml
from triglot.errors import ConfigError


@pytest.mark.parametrize("made", [deployment(), full()])
def test_a_file_is_valid_as_it_is_written(made: Deployment) -> None:
    written = yaml.safe_load(to_yaml([compose.file(made)]))
    assert schema.problems(schema.compose(), written) == []
    assert written == compose.file(made)
    written["services"]["iris"]["comand"] = written["services"]["iris"].pop("command")
    assert "comand" in str(schema.problems(schema.compose(), written))


def test_passwords_are_asked_of_the_environment_and_dollars_stay_dollars() -> None:
    environment = compose.file(full())["services"]["iris"]["environment"]
    assert environment["TRIGLOT_SIGNING_KEY"] == "${TRIGLOT_SIGNING_KEY:?set TRIGLOT_SIGNING_KEY}"
    assert environment["DATABASE_URL"] == (
        "postgresql+psycopg://triglot:${POSTGRES_PASSWORD:?set POSTGRES_PASSWORD}@database/triglot"
    )
    assert environment["GREETING"] == 'say "yes" to $$HOME: 1e3'


def test_only_nginx_is_reached_and_only_from_this_host() -> None:
    services = compose.file(full())["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["nginx"]
    assert services["nginx"]["ports"] == ["127.0.0.1:9000:9000"]
    assert services["database"]["networks"] == ["back"]


def test_each_part_waits_for_the_one_that_it_needs() -> None:
    services = compose.file(deployment())["services"]
    assert services["iris"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert services["nginx"]["depends_on"] == {"iris": {"condition": "service_healthy"}}
    assert services["iris"]["stop_grace_period"] == f"{deployment().stop_s}s"


def test_volumes_are_folders_of_the_host_or_named() -> None:
    made = deployment(
        volumes=[
            {"name": "models", "path": "/data"},
            {"name": "words", "path": "/words", "host": "/srv/words", "read_only": True},
        ]
    )
    written = compose.file(made)
    assert written["services"]["iris"]["volumes"] == ["models:/data:rw", "/srv/words:/words:ro"]
    assert written["volumes"].keys() == {"database", "models"}
    assert written["services"]["iris"]["tmpfs"] == ["/tmp"]


def test_names_of_the_services_beside_it_are_refused() -> None:
    with pytest.raises(ConfigError, match="database and nginx stand beside it"):
        compose.file(deployment(name="nginx"))
