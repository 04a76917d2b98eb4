"""An app definition as Marathon before 1.5 takes it, made of one of today's.

Which release has which field was read off the schemas of its releases from 0.9 to 1.5.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from triglot.deploy.description import ROOT
from triglot.errors import ConfigError

Release = tuple[int, int]

OLDEST: Final = (0, 9)
TODAYS: Final = (1, 5)
_SECRETS: Final = (1, 2)
_READINESS: Final = (1, 1)
_KILL_GRACE: Final = (1, 2)
_PORT_NAMES: Final = (1, 0)
_REPLACES: Final = (1, 4)


def former(definition: Mapping[str, Any], release: Release) -> dict[str, Any]:
    """Return the definition as a release takes it, field by field; from 1.5 on it stays as it is.

    Raises `ConfigError` where the release has no field for what must not be left out.
    """
    if release >= TODAYS:
        return dict(definition)
    if release < OLDEST:
        raise ConfigError(
            f"{ROOT} -> marathon_version: {_spelt(release)} is older than {_spelt(OLDEST)}, the oldest one"
        )
    if "secrets" in definition and release < _SECRETS:
        raise ConfigError(
            f"{ROOT} -> secrets: Marathon {_spelt(release)} keeps none, as it is older than {_spelt(_SECRETS)}; take "
            "the entry out, and let what runs in the container read them from a volume"
        )
    gone = {"networks", *_gone(definition, release)}
    made = {key: value for key, value in definition.items() if key not in gone}
    return {
        **made,
        "container": _container(definition["container"], release),
        "healthChecks": [{**check, "protocol": "HTTP"} for check in definition["healthChecks"]],
    }


def lost(definition: Mapping[str, Any], release: Release) -> Iterator[str]:
    """Say what a release cannot be told of the definition, and what follows of it."""
    marathon = f"Marathon {_spelt(release)}"
    gone = _gone(definition, release)
    if "readinessChecks" in gone:
        yield f"{marathon} has no readinessChecks: an instance gets requests once /alive is 200, loaded or not"
    if "taskKillGracePeriodSeconds" in gone:
        grace_s = definition["taskKillGracePeriodSeconds"]
        yield (
            f"{marathon} has no taskKillGracePeriodSeconds: start the agents of Mesos with "
            f"--docker_stop_timeout={grace_s}secs, or instances are killed while they drain"
        )
    if release < _REPLACES:
        yield f"{marathon} keeps what an older definition of the app says and this one leaves out"


def _gone(definition: Mapping[str, Any], release: Release) -> set[str]:
    since = {"readinessChecks": _READINESS, "taskKillGracePeriodSeconds": _KILL_GRACE}
    return {field for field, first in since.items() if field in definition and release < first}


def _container(container: Mapping[str, Any], release: Release) -> dict[str, Any]:
    """Return the container with its network and ports where Docker's own fields were."""
    without = () if release >= _PORT_NAMES else ("name",)
    mappings = [{k: v for k, v in each.items() if k not in without} for each in container["portMappings"]]
    docker = {**container["docker"], "network": "BRIDGE", "portMappings": mappings}
    return {**{key: value for key, value in container.items() if key != "portMappings"}, "docker": docker}


def _spelt(release: Release) -> str:
    return ".".join(map(str, release))
