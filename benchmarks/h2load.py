"""Closed loops by gRPC: load by h2load, a connection with one call at a time; what it says, as numbers.

The message is made, and an answer read, by the client of the protocol in MLServer's environment.
"""

import base64
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.alternatives import environments
from benchmarks.data import Row
from benchmarks.load import Load
from benchmarks.open_loop import percentile
from benchmarks.processes import ROOT

CLIENT = "mlserver"  # the environment that has one
METHOD = "/inference.GRPCInferenceService/ModelInfer"
PROGRAM = "h2load"


@dataclass(frozen=True, slots=True)
class Call:
    """One call that was answered: its message as HTTP/2 carries it, the bytes of the answer, the labels in it."""

    body: bytes
    answer_bytes: int
    labels: list[str]


def missing() -> str | None:
    """Return why nothing can be measured, or None."""
    if shutil.which(PROGRAM) is None:
        return f"{PROGRAM} is not installed: Debian has it in nghttp2-client"
    reason = environments.absent(CLIENT)
    return reason and f"{CLIENT}, whose environment has a client, is {reason}"


def call(port: int, model: str, rows: Sequence[Row]) -> Call:
    """Return a call that was made and answered; raises `RuntimeError` where it is refused."""
    run = subprocess.run(
        [str(environments.python(CLIENT)), "-m", "benchmarks.alternatives.grpc_call", str(port), model],
        cwd=ROOT,
        input=json.dumps(rows),
        capture_output=True,
        text=True,
    )
    if run.returncode:
        raise RuntimeError(f"the call of {model} was not answered: {run.stderr[-500:]}")
    said = json.loads(run.stdout)
    return Call(base64.b64decode(said["body"]), said["answer_bytes"], said["labels"])


def measure(port: int, model: str, rows: Sequence[Row], connections: int, seconds: int) -> Load:
    """Return what h2load measures with one thread and so many connections."""
    known = call(port, model, rows)
    with tempfile.TemporaryDirectory() as name:
        body, log = Path(name, "body"), Path(name, "log")
        body.write_bytes(known.body)
        command = [PROGRAM, "--clients", str(connections), "--duration", str(seconds)]
        command += ["--data", str(body), f"--log-file={log}"]
        command += ["--header", "content-type: application/grpc", "--header", "te: trailers"]
        command.append(f"http://127.0.0.1:{port}{METHOD}")
        run = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 30)
        return said(run.stdout, log.read_text("ascii"), known.answer_bytes)


def said(text: str, log: str, answer_bytes: int) -> Load:
    """Return the numbers of h2load's report and of its log; raises `RuntimeError` where one is missing.

    A refusal has the status 200 and no message, so answers are counted by the bytes of them that came.
    """
    rate = re.search(r"^finished in .*, ([\d.]+) req/s", text, re.MULTILINE)
    counts = re.search(r"^requests: .* (\d+) done, \d+ succeeded, (\d+) failed", text, re.MULTILINE)
    came = re.search(r"\((\d+)\) data$", text, re.MULTILINE)
    if rate is None or counts is None or came is None:
        raise RuntimeError(f"{PROGRAM} said nothing of requests: {text}")
    done, failed = int(counts[1]), int(counts[2])
    errors = failed + max(0, done - failed - int(came[1]) // answer_bytes)
    took_ms = [int(line.split("\t")[2]) / 1000 for line in log.splitlines()]
    if not took_ms:
        return Load(0.0, None, None, errors)
    return Load(float(rate[1]), percentile(took_ms, 50), percentile(took_ms, 99), errors)
