"""A Compose file of a deployment: the service, its PostgreSQL and nginx on one host.

Passwords are asked of the environment in which `docker-compose` runs; the file holds none.
"""

from typing import Any, Final

from triglot.deploy.description import ROOT, Deployment, Volume, only_ours
from triglot.deploy.nginx import PORT
from triglot.errors import ConfigError

DATABASE: Final = "database"
FRONT: Final = "nginx"
DATABASE_IMAGE: Final = "postgres:15"
FRONT_IMAGE: Final = "nginx:1.28"
DATABASE_USER: Final = "triglot"
PASSWORD_VARIABLE: Final = "POSTGRES_PASSWORD"
# The health command of the image.
HEALTH: Final = ("python", "-m", "triglot.health")
INTERVAL_S: Final = 5
TIMEOUT_S: Final = 5
FAILURES: Final = 3


def file(deployment: Deployment) -> dict[str, Any]:
    """Return the Compose file; nginx takes its configuration from `nginx.conf` beside it."""
    only_ours(deployment, "a Compose file")
    name = deployment.name
    taken = {DATABASE, FRONT}
    if name in taken or any(volume.name in taken for volume in deployment.volumes):
        raise ConfigError(f"{ROOT} -> name: {' and '.join(sorted(taken))} stand beside it in Compose; choose another")
    services = {
        name: _service(deployment),
        DATABASE: _database(),
        FRONT: {
            "image": FRONT_IMAGE,
            "restart": "unless-stopped",
            "depends_on": {name: {"condition": "service_healthy"}},
            "ports": [f"127.0.0.1:{deployment.service_port or PORT}:{deployment.service_port or PORT}"],
            "volumes": ["./nginx.conf:/etc/nginx/nginx.conf:ro"],
            "networks": ["front"],
        },
    }
    named = [volume.name for volume in deployment.volumes if not volume.host]
    return {
        "services": services,
        "volumes": {each: {} for each in (DATABASE, *named)},
        # nothing but the service reaches the database, and the database reaches nothing
        "networks": {"front": {}, "back": {"internal": True}},
    }


def _service(deployment: Deployment) -> dict[str, Any]:
    password = _asked(PASSWORD_VARIABLE)
    environment = {key: value.replace("$", "$$") for key, value in deployment.environment.items()}
    environment |= {key: _asked(key) for key in deployment.secrets}
    environment[deployment.database] = f"postgresql+psycopg://{DATABASE_USER}:{password}@{DATABASE}/{DATABASE_USER}"
    return {
        "image": deployment.image,
        "command": deployment.command,
        "restart": "unless-stopped",
        "scale": deployment.instances.least,
        "depends_on": {DATABASE: {"condition": "service_healthy"}},
        "environment": environment,
        "read_only": True,
        "tmpfs": list(deployment.scratch),
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "cpus": deployment.cpus,
        "mem_limit": f"{deployment.memory}m",
        "stop_grace_period": f"{deployment.stop_s}s",
        "healthcheck": _health(["CMD", *HEALTH], deployment.load_s),
        "volumes": [_mounted(volume) for volume in deployment.volumes],
        "networks": ["front", "back"],
    }


def _database() -> dict[str, Any]:
    return {
        "image": DATABASE_IMAGE,
        "restart": "unless-stopped",
        "environment": {
            "POSTGRES_USER": DATABASE_USER,
            "POSTGRES_DB": DATABASE_USER,
            PASSWORD_VARIABLE: _asked(PASSWORD_VARIABLE),
        },
        "healthcheck": _health(["CMD", "pg_isready", "--username", DATABASE_USER], 60),
        "volumes": [f"{DATABASE}:/var/lib/postgresql/data"],
        "networks": ["back"],
    }


def _health(test: list[str], start_s: int) -> dict[str, Any]:
    return {
        "test": test,
        "interval": f"{INTERVAL_S}s",
        "timeout": f"{TIMEOUT_S}s",
        "retries": FAILURES,
        "start_period": f"{start_s}s",
    }


def _asked(variable: str) -> str:
    """Return what Compose replaces by a variable of its environment, or refuses to start without."""
    return f"${{{variable}:?set {variable}}}"


def _mounted(volume: Volume) -> str:
    source = volume.host or volume.name
    return f"{source}:{volume.path}:{'ro' if volume.read_only else 'rw'}"
