"""Deployments to make files of."""

from typing import Any

from triglot.deploy.description import Deployment, ServiceFacts, describe

SERVICE = ServiceFacts(timeout_s=30.0, max_body_bytes=2**20)
PLAIN = {"name": "iris", "image": "triglot:latest"}
# Something for every key.
FULL: dict[str, Any] = {
    "name": "iris",
    "image": "registry.example.org:5000/team/iris-predict:1.0",
    "made_by": "triglot",
    "port": 8001,
    "service_port": 9000,
    "instances": {"min": 3, "max": 9},
    "upgrade": {"unavailable": 1, "surge": 2},
    "health": {"interval_s": 20, "timeout_s": 7, "failures": 4},
    "cpus": 0.5,
    "memory": "1500M",
    "workers": {"python": 1, "r": 2, "julia": 0},
    "environment": {"GREETING": 'say "yes" to $HOME: 1e3', "SWITCH": "on", "NUMBER": "1e3", "TZ": "UTC"},
    "secrets": {"TRIGLOT_SIGNING_KEY": "iris/signing-key", "DATABASE_URL": "iris/database.url"},
    "database": "DATABASE_URL",
    "volumes": [
        {"name": "models", "path": "/data", "host": "/srv/iris"},
        {"name": "words", "path": "/words", "host": "/srv/words", "read_only": True},
    ],
    "constraints": {"unique": "hostname", "spread": "zone", "only": {"disk": "ssd"}},
    "load_s": 90,
    "stop_s": 200,
    "host": "iris.example.org",
    "path": "/v1/iris/",
    "tls": {"certificate": "/etc/tls/iris.pem", "key": "/etc/tls/iris.key"},
    "outgoing_ports": [5432, 443],
    "marathon_version": "1.9",
}


def deployment(*, service: ServiceFacts = SERVICE, **said: Any) -> Deployment:
    """Return the plain deployment with some entries changed."""
    return describe({**PLAIN, **said}, service)


def full(**said: Any) -> Deployment:
    """Return the deployment of which everything is said, with some entries changed."""
    return describe({**FULL, **said}, SERVICE)
