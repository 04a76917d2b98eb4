"""Marathon's app definition of a deployment, and what no schema of Marathon's finds wrong with one."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from triglot.deploy.description import ROOT, Deployment, needed_stop_s
from triglot.errors import ConfigError
from triglot.languages.known import LANGUAGES

PORT_NAME: Final = "http"
READY_INTERVAL_S: Final = 5
READY_TIMEOUT_S: Final = 4
_READY: Final = {
    "name": "ready",
    "protocol": "HTTP",
    "path": "/ready",
    "portName": PORT_NAME,
    "intervalSeconds": READY_INTERVAL_S,
    "timeoutSeconds": READY_TIMEOUT_S,
    "httpStatusCodesForReady": [200],
    "preserveLastResponse": True,
}
_DIGITS: Final = 10**6


def app(deployment: Deployment) -> dict[str, Any]:
    """Return the app definition of Marathon from 1.5 on; raises `ConfigError` for what Marathon cannot do."""
    made: dict[str, Any] = {
        "id": f"/{deployment.name}",
        "args": deployment.command,
        "container": _container(deployment),
        "networks": [{"mode": "container/bridge"}],
        "instances": deployment.instances.least,
        "cpus": deployment.cpus,
        "mem": deployment.memory,
        "env": {**deployment.environment, **{name: {"secret": _secret(name)} for name in deployment.secrets}},
        "secrets": {_secret(name): {"source": "/".join(kept)} for name, kept in deployment.secrets.items()},
        "constraints": _constraints(deployment),
        "healthChecks": [
            {
                "protocol": "MESOS_HTTP",
                "path": "/alive",
                "portIndex": 0,
                "gracePeriodSeconds": deployment.load_s,
                "intervalSeconds": deployment.health.interval_s,
                "timeoutSeconds": deployment.health.timeout_s,
                "maxConsecutiveFailures": deployment.health.failures,
            }
        ],
        "readinessChecks": [_READY] if deployment.ours else [],
        "upgradeStrategy": _strategy(deployment),
        "taskKillGracePeriodSeconds": deployment.stop_s,
        "labels": _labels(deployment),
    }
    made = {key: value for key, value in made.items() if value or key == "env"}
    check(made, load_s=deployment.load_s)
    return made


def check(definition: Mapping[str, Any], *, load_s: int) -> None:
    """Raise `ConfigError` with all that schemas let pass and Marathon, or the service, would come to grief over.

    `load_s` is how long the service may take to load its models.
    """
    if found := list(_wrong(definition, load_s)):
        raise ConfigError(f"the app definition of {definition.get('id')!r}: " + "; ".join(found))


def _wrong(definition: Mapping[str, Any], load_s: int) -> Iterator[str]:
    container = definition.get("container", {})
    if "networks" in definition and "network" in container.get("docker", {}):
        yield "container.docker.network is of Marathon before 1.5 and stands beside networks; remove it"
    secrets = definition.get("secrets", {})
    for name, value in definition.get("env", {}).items():
        if isinstance(value, Mapping) and value.get("secret") not in secrets:
            yield f"env {name} takes the secret {value.get('secret')!r}, which secrets does not have; add it"
    ports = len(container.get("portMappings", definition.get("portDefinitions", ())))
    for index, each in enumerate(definition.get("healthChecks", ())):
        if "portIndex" in each and each["portIndex"] >= ports:
            yield f"healthChecks[{index}] asks port {each['portIndex']}, and there are {ports}; count from 0"
        if each.get("gracePeriodSeconds", 300) < load_s:
            yield (
                f"healthChecks[{index}] has {each['gracePeriodSeconds']} s of grace, and models may load for "
                f"{load_s} s; give it {load_s} or more"
            )
    for index, each in enumerate(definition.get("readinessChecks", ())):
        if each.get("timeoutSeconds", 10) >= each.get("intervalSeconds", 30):
            yield f"readinessChecks[{index}] may take as long as the time to the next one; lower timeoutSeconds"
    strategy = definition.get("upgradeStrategy", {})
    if strategy.get("minimumHealthCapacity", 1) == 1 and strategy.get("maximumOverCapacity", 1) == 0:
        yield (
            "upgradeStrategy lets no instance stop and none be added, so a deployment would never end; raise "
            "maximumOverCapacity or lower minimumHealthCapacity"
        )
    arguments = definition.get("args", ())
    needed = _needed_stop_s(_workers(arguments)) if arguments else 0  # what starts by itself may be anything
    if definition.get("taskKillGracePeriodSeconds", 3) < needed:
        yield f"taskKillGracePeriodSeconds is less than the {needed} s that supervisord may take to drain; raise it"


def _workers(arguments: Any) -> dict[str, int]:
    """Return the counts of workers that a command line names."""
    found = re.findall(r"--workers[ =]([\w-]+)=(\d+)", " ".join(map(str, arguments)))
    return {name: int(number) for name, number in found}


def _needed_stop_s(workers: Mapping[str, int]) -> int:
    groups = {name: (name,) for name in workers if name not in LANGUAGES}  # of one language each, as far as is known
    return needed_stop_s(workers, groups, jobs=False)


def _container(deployment: Deployment) -> dict[str, Any]:
    mapping = {
        "containerPort": deployment.port,
        "hostPort": 0,
        "servicePort": deployment.service_port,
        "protocol": "tcp",
        "name": PORT_NAME,
    }
    others = [
        {"containerPort": port, "hostPort": 0, "protocol": "tcp", "name": name}
        for name, port in deployment.service.ports.items()
    ]
    volumes = []
    for volume in deployment.volumes:
        if not volume.host:
            raise ConfigError(
                f"{ROOT} -> volumes: Marathon can only mount folders of its hosts: give {volume.name!r} the entry "
                f"'host'"
            )
        mode = "RO" if volume.read_only else "RW"
        volumes.append({"containerPath": volume.path, "hostPath": volume.host, "mode": mode})
    return {
        "type": "DOCKER",
        "docker": {"image": deployment.image, "forcePullImage": False, "parameters": _parameters(deployment)},
        "portMappings": [{key: value for key, value in mapping.items() if key != "servicePort" or value}, *others],
        **({"volumes": volumes} if volumes else {}),
    }


def _parameters(deployment: Deployment) -> list[dict[str, str]]:
    """Return the options of `docker run` that take from the container what the service does not need."""
    if not deployment.ours:
        return []
    return [
        {"key": "read-only", "value": "true"},
        *({"key": "tmpfs", "value": f"{path}:mode=1777"} for path in deployment.scratch),
        {"key": "cap-drop", "value": "ALL"},
        {"key": "security-opt", "value": "no-new-privileges"},
    ]


def _secret(variable: str) -> str:
    """Return the name of a variable's secret within the definition."""
    return variable.lower().replace("_", "-").strip("-")


def _constraints(deployment: Deployment) -> list[list[str]]:
    said = deployment.constraints
    found = [[said.unique, "UNIQUE"]] if said.unique else []
    found += [[said.spread, "GROUP_BY"]] if said.spread else []
    # LIKE takes a regular expression, and IS is younger than many a Marathon
    return found + [[name, "LIKE", re.escape(value)] for name, value in said.only.items()]


def _strategy(deployment: Deployment) -> dict[str, float]:
    """Return the shares that were said, or those that Marathon makes just these numbers of instances of.

    It takes `ceil(n * minimum)` and `floor(n * (1 + over))`; shares are rounded so that neither goes one too far.
    """
    n, said = deployment.instances.least, deployment.upgrade
    minimum, over = 1 - said.unavailable, said.surge
    if isinstance(said.unavailable, int):
        minimum = math.floor((n - said.unavailable) / n * _DIGITS) / _DIGITS
    if isinstance(said.surge, int):
        over = math.ceil(min(said.surge / n, 1.0) * _DIGITS) / _DIGITS
    return {"minimumHealthCapacity": round(minimum, 6), "maximumOverCapacity": over}


def _labels(deployment: Deployment) -> dict[str, str]:
    """Return the labels by which marathon-lb finds the public host and path."""
    if not deployment.host:
        return {}
    labels = {"HAPROXY_GROUP": "external", "HAPROXY_0_VHOST": deployment.host}
    return (
        labels
        if deployment.path == "/"
        else {
            **labels,
            "HAPROXY_0_PATH": deployment.path,
            "HAPROXY_0_HTTP_BACKEND_PROXYPASS_PATH": deployment.path,
        }
    )
