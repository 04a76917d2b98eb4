"""Closed loops: load by wrk, each of whose connections asks again once it is answered; what it says, as numbers."""

import json
import os
import re
import subprocess
import tempfile
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

WIDEST = 64
MANY_CONNECTIONS = 4
_POST = Path(__file__).with_name("post.lua")
_UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request: a GET without a body, else a POST, of JSON unless its headers say otherwise."""

    port: int
    path: str
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def url(self) -> str:
        """Return the whole address."""
        return f"http://127.0.0.1:{self.port}{self.path}"


@dataclass(frozen=True, slots=True)
class Load:
    """What one load measured; latencies in milliseconds, None where nothing was answered."""

    requests_per_s: float
    p50_ms: float | None
    p99_ms: float | None
    errors: int


Timed = tuple[str, int, Callable[[int], Load]]  # a load's name, its seconds, and what runs it for so many


def ask(request: Request, timeout_s: float = 10) -> Any:
    """Return the JSON of an answer; raises as `answered` does."""
    return json.loads(answered(request, timeout_s)[0])


def answered(request: Request, timeout_s: float = 10) -> "tuple[bytes, Message]":
    """Return body and headers of an answer; raises `OSError` where there is none, or one that is not 2xx."""
    headers = {"Content-Type": "application/json"} if request.body is not None else {}
    asked = urllib.request.Request(request.url, request.body, headers | dict(request.headers))
    with urllib.request.urlopen(asked, timeout=timeout_s) as response:
        return response.read(), response.headers


def shorter(seconds: int) -> int:
    """Return how long a load lasts that is not the widest."""
    return max(1, seconds // 3)


def wrk(request: Request, connections: int, seconds: int) -> Load:
    """Return what wrk measures with one thread and so many keep-alive connections."""
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--latency"]
    for name, value in request.headers:
        command += ["--header", f"{name}: {value}"]
    with tempfile.NamedTemporaryFile() as body:
        if request.body is not None:
            body.write(request.body)
            body.flush()
            command += ["--script", str(_POST)]
        environ = {**os.environ, "BENCH_BODY": body.name}
        command.append(request.url)
        run = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 30, env=environ)
    return said(run.stdout)


def said(text: str) -> Load:
    """Return the numbers of wrk's report; raises `RuntimeError` where one is missing."""
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    if rate is None:
        raise RuntimeError(f"wrk said nothing of requests: {text}")
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    errors = int(refused[1]) if refused else 0
    errors += sum(map(int, broken.groups())) if broken else 0
    if not float(rate[1]):
        return Load(0.0, None, None, errors)
    return Load(float(rate[1]), _percentile(text, "50"), _percentile(text, "99"), errors)


def _percentile(text: str, percent: str) -> float:
    found = re.search(rf"^\s+{percent}%\s+([\d.]+)(us|ms|s)\s*$", text, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"wrk said nothing of its {percent}th percentile: {text}")
    return float(found[1]) * _UNITS_MS[found[2]]
