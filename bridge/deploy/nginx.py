"""nginx before the service: its configuration, and the file with the back ends, which an upgrade writes anew."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from triglot.deploy import values
from triglot.deploy.description import Deployment
from triglot.errors import ConfigError

PORT: Final = 8080
KEEP_ALIVE: Final = 32
CONNECT_S: Final = 2
# Whoever is still connected to an nginx that has been told to go has this much longer than a request takes.
LEAVE_S: Final = 5
_ADDRESS: Final = re.compile(r"(?:\[([^\]]+)\]|([^:\[\]]+)):(\d{1,5})")
_SERVER: Final = re.compile(r"^\s*server\s+(\S+?):(\d+)(?:\s[^;]*)?;", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Address:
    """A host, or an IP address, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Front:
    """Where nginx listens, and the back ends: the `servers`, or those of a file `upstream`.

    With a folder `state` nginx keeps its process id, logs and temporary files there, so that any user can run it.
    """

    listen: Address = Address("127.0.0.1", PORT)
    servers: tuple[Address, ...] = ()
    upstream: str = ""
    state: str = ""


def address(where: str, text: str) -> Address:
    """Return the address of a text such as `127.0.0.1:8000` or `[::1]:8000`."""
    match = _ADDRESS.fullmatch(text)
    if match is None:
        values.refuse(where, text, "write HOST:PORT, such as 127.0.0.1:8000")
    return Address(values.address(where, match[1] or match[2]), values.count(1, 65_535)(where, int(match[3])))


def configuration(deployment: Deployment, front: Front) -> str:
    """Return a whole configuration of nginx, with nothing but this service."""
    main = [
        "worker_processes auto;",
        # so that an upgrade ends: what is idle is closed, and what is not has had its time
        f"worker_shutdown_timeout {deployment.request_s + LEAVE_S}s;",
    ]
    http: list[str] = []
    if front.state:
        state = values.folder("--state", front.state).rstrip("/")
        main += [f"pid {state}/nginx.pid;", f"error_log {state}/error.log;"]
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        http = [f"access_log {state}/access.log;", *(f"{kind}_temp_path {state}/{kind};" for kind in kinds), ""]
    return (
        f"# {deployment.name}: made by `triglot deploy nginx`\n"
        + "\n".join(main)
        + "\n\nevents {\n    worker_connections 1024;\n}\n\nhttp {\n"
        + _indented("\n".join([*http, site(deployment, front)]))
        + "}\n"
    )


def site(deployment: Deployment, front: Front) -> str:
    """Return the upstream and the server alone, for the `http` block of a configuration that is there already."""
    if front.upstream:
        back_ends = f"include {values.folder('--upstream', front.upstream)};\n"
    else:
        back_ends = upstream(front.servers or (Address("127.0.0.1", deployment.port),))
    return (
        f"upstream {deployment.name} {{\n{_indented(back_ends)}    keepalive {KEEP_ALIVE};\n}}\n\n"
        f"server {{\n{_indented(_server(deployment, front))}}}\n"
    )


def upstream(servers: Sequence[Address]) -> str:
    """Return the text of the file with the back ends."""
    if not servers:
        raise ConfigError("there is no back end to put behind nginx")
    # a back end is never passed by for a failure: where there is only one, that would be an outage of its own
    return "".join(f"server {server} max_fails=0;\n" for server in servers)


def servers_of(text: str) -> list[Address]:
    """Return the back ends of such a file."""
    return [address("upstream", f"{host}:{port}") for host, port in _SERVER.findall(text)]


def _server(deployment: Deployment, front: Front) -> str:
    tls, prefix = deployment.tls, deployment.path
    lines = [
        f"listen {front.listen}{' ssl' if tls else ''};",
        f"server_name {deployment.host or '_'};",
        "server_tokens off;",
        *([f"ssl_certificate {tls.certificate};", f"ssl_certificate_key {tls.key};"] if tls else []),
        *(["ssl_protocols TLSv1.2 TLSv1.3;"] if tls else []),
        "",
        f"client_max_body_size {deployment.service.max_body_bytes};",
        "proxy_http_version 1.1;",
        'proxy_set_header Connection "";',
        "proxy_set_header Host $host;",
        "proxy_set_header X-Real-IP $remote_addr;",
        "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
        "proxy_set_header X-Forwarded-Proto $scheme;",
        f"proxy_connect_timeout {CONNECT_S}s;",
        f"proxy_read_timeout {deployment.request_s}s;",
        f"proxy_send_timeout {deployment.request_s}s;",
        "",
        "# A prediction may be asked for again, by whatever method; what changes something may not.",
        f"location ~ ^{re.escape(prefix)}(.+/)?predict(_proba)?$ {{",
        *_passed(deployment, ["proxy_next_upstream error timeout http_503 non_idempotent;"]),
        "}",
        f"location {prefix} {{",
        *_passed(deployment, ["proxy_next_upstream error timeout http_503;"]),
        "}",
    ]
    return "".join(f"{line}\n" for line in lines)


def _passed(deployment: Deployment, lines: list[str]) -> list[str]:
    if deployment.path != "/":
        lines = [f"rewrite ^{re.escape(deployment.path)}(.*)$ /$1 break;", *lines]
    return [f"    {line}" for line in [f"proxy_pass http://{deployment.name};", *lines]]


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" if line else "\n" for line in text.splitlines())
