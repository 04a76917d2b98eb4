"""Marathon's app definition: valid for both of its schemas, and free of what neither of them sees."""

import copy
import math
from collections.abc import Callable
from typing import Any

import pytest

from tests.deploy.described import deployment, full
from tests.deploy.schema import marathon_problems
from triglot.deploy import marathon
from triglot.deploy.description import Deployment, ServiceFacts
from triglot.errors import ConfigError

BY_GRPC = deployment(service=ServiceFacts(timeout_s=30.0, max_body_bytes=2**20, grpc_port=9001))


@pytest.mark.parametrize("made", [deployment(), full(), full(instances=1, upgrade={"surge": 1}, path="/"), BY_GRPC])
def test_a_definition_is_valid_for_both_schemas(made: Deployment) -> None:
    assert marathon_problems(marathon.app(made)) == []


def test_the_schemas_see_what_is_misspelt_or_of_a_wrong_type() -> None:
    app = marathon.app(deployment())
    app["healthChecks"][0]["gracePeriodSecond"] = 3
    app["constraints"] = [["hostname", "SOMEWHERE"]]
    app["instances"] = "two"
    found = "\n".join(marathon_problems(app))
    assert "gracePeriodSecond" in found
    assert "SOMEWHERE" in found
    assert found.count("'two' is not of type") == 2


def test_everything_that_is_said_is_in_the_definition() -> None:
    app = marathon.app(full())
    (port,) = app["container"]["portMappings"]
    assert (port["containerPort"], port["hostPort"], port["servicePort"]) == (8001, 0, 9000)
    assert app["env"]["DATABASE_URL"] == {"secret": "database-url"}
    assert app["secrets"]["database-url"] == {"source": "iris/database.url"}
    assert app["env"]["NUMBER"] == "1e3"
    assert app["constraints"] == [["hostname", "UNIQUE"], ["zone", "GROUP_BY"], ["disk", "LIKE", "ssd"]]
    modes = {each["containerPath"]: (each["hostPath"], each["mode"]) for each in app["container"]["volumes"]}
    assert modes == {"/data": ("/srv/iris", "RW"), "/words": ("/srv/words", "RO")}
    (health,), (ready,) = app["healthChecks"], app["readinessChecks"]
    assert (health["path"], health["gracePeriodSeconds"], ready["path"]) == ("/alive", 90, "/ready")
    assert (app["taskKillGracePeriodSeconds"], app["instances"]) == (200, 3)
    assert (health["intervalSeconds"], health["timeoutSeconds"], health["maxConsecutiveFailures"]) == (20, 7, 4)
    assert app["labels"]["HAPROXY_0_VHOST"] == "iris.example.org"


def broken(change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    app = copy.deepcopy(marathon.app(full()))
    change(app)
    return app


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda app: app["container"]["docker"].update(network="BRIDGE"), "of Marathon before 1.5"),
        (lambda app: app.pop("secrets"), "takes the secret 'triglot-signing-key', which secrets does not have"),
        (lambda app: app["healthChecks"][0].update(portIndex=1), "asks port 1, and there are 1"),
        (
            lambda app: app.update(upgradeStrategy={"minimumHealthCapacity": 1, "maximumOverCapacity": 0}),
            "would never end",
        ),
        (lambda app: app["readinessChecks"][0].update(timeoutSeconds=5), "as long as the time to the next one"),
        (lambda app: app["healthChecks"][0].update(gracePeriodSeconds=89), "89 s of grace, and models may load for 90"),
        (lambda app: app.update(taskKillGracePeriodSeconds=60), r"less than the \d+ s that supervisord may take"),
    ],
)
def test_what_schemas_let_pass_is_refused(change: Callable[[dict[str, Any]], Any], told: str) -> None:
    app = broken(change)
    assert marathon_problems(app) == []
    with pytest.raises(ConfigError, match=told):
        marathon.check(app, load_s=90)


def test_all_that_is_wrong_is_said_at_once() -> None:
    app = broken(lambda app: (app.pop("secrets"), app["healthChecks"][0].update(portIndex=7)))
    with pytest.raises(ConfigError, match=r"'/iris': env .*; env .*; healthChecks"):
        marathon.check(app, load_s=90)


def test_a_volume_without_a_folder_of_the_host_is_refused() -> None:
    with pytest.raises(ConfigError, match="give 'models' the entry 'host'"):
        marathon.app(deployment(volumes=[{"name": "models", "path": "/data"}]))


@pytest.mark.parametrize("instances", [1, 2, 3, 7, 9, 11, 49, 97])
@pytest.mark.parametrize(("unavailable", "surge"), [(0, 1), (1, 0), (1, 1), (0, 3)])
def test_shares_give_marathon_just_the_numbers_of_instances(instances: int, unavailable: int, surge: int) -> None:
    app = marathon.app(deployment(instances=instances, upgrade={"unavailable": unavailable, "surge": surge}))
    strategy = app["upgradeStrategy"]
    assert math.ceil(instances * strategy["minimumHealthCapacity"]) == instances - unavailable
    assert math.floor(instances * (1 + strategy["maximumOverCapacity"])) == instances + min(surge, instances)


def test_shares_that_are_said_are_written_as_they_are() -> None:
    app = marathon.app(deployment(instances=3, upgrade={"unavailable": "29%", "surge": "57%"}))
    assert app["upgradeStrategy"] == {"minimumHealthCapacity": 0.71, "maximumOverCapacity": 0.57}
