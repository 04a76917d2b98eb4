"""The documents keep their word: their files are written, their commands run, their answers compared."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import require
from triglot.cli.main import main
from triglot.errors import TriglotError
from triglot.server.errors import STATUS

ROOT = Path(__file__).parent.parent
COMMAND_TIMEOUT_S = 120
READY_TIMEOUT_S = 60
# What is true of one run only.
VARIABLE = {"request_id"}
_BLOCK = re.compile(r"(?:^`(?P<file>[^`\n]+)`:\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block, and the file that it is, if the line above it is just a file's name."""

    kind: str
    text: str
    file: str | None


def blocks(document: str) -> list[Block]:
    """Return the fenced blocks of a document, in order."""
    text = (ROOT / document).read_text("utf-8")
    return [Block(match["kind"], match["text"], match["file"]) for match in _BLOCK.finditer(text)]


class Reader:
    """Somebody who follows a document to the letter, in a folder of their own, with a port of their own."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        bin_folder = ROOT / ".venv" / "bin"
        self.environ = {**os.environ, **environ, "PATH": f"{bin_folder}:{os.environ['PATH']}"}
        self.service: subprocess.Popen[bytes] | None = None

    def follow(self, document: str) -> int:
        """Do what the document says; return how many commands there were."""
        commands = 0
        said = ""
        for block in blocks(document):
            if block.file is not None:
                (self.folder / block.file).write_text(block.text, "utf-8")
            elif block.kind == "sh":
                for line in (
                    block.text.replace("\\\n", " ").strip().splitlines() if "curl" not in block.text else [block.text]
                ):
                    said = self.run(line)
                    commands += 1
            elif block.kind == "json" and commands:
                assert_part(json.loads(block.text), json.loads(said))
        return commands

    def run(self, line: str) -> str:
        """Run one command as a shell would; `triglot serve` goes on in the background."""
        line = line.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}")
        if line.startswith("triglot serve"):
            self.serve()
            return ""
        line = line.replace("curl ", "curl --silent --show-error ")
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout

    def serve(self) -> None:
        """Start the service and wait until every model can be answered."""
        log = self.folder / "serve.log"
        with log.open("wb") as out:
            self.service = subprocess.Popen(
                ["triglot", "serve", "--port", str(self.port)],
                cwd=self.folder,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < deadline and self.service.poll() is None:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ready", timeout=5):
                return
            time.sleep(0.1)
        pytest.fail(log.read_text("utf-8", "replace"))

    def close(self) -> None:
        """Stop the service; what does not stop by itself is a failure."""
        if self.service is None:
            return
        self.service.terminate()
        try:
            assert self.service.wait(40) == 0
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.service.pid, signal.SIGKILL)
            self.service.wait()


def assert_part(expected: Any, found: Any) -> None:
    """Fail unless everything that the document shows is in the answer."""
    if isinstance(expected, dict):
        assert isinstance(found, dict)
        assert expected.keys() - VARIABLE <= found.keys()
        for key, value in expected.items():
            if key not in VARIABLE:
                assert_part(value, found[key])
    else:
        assert found == expected


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = Reader(tmp_path, {"TRIGLOT_HOME": str(tmp_path / "home")} | _julia())
    shutil.copy(ROOT / "examples" / "data" / "iris.data", tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Hold the service of `make serve`: the three iris models."""
    for language in ("r", "julia"):
        require(language)
    folder = tmp_path_factory.mktemp("demo")
    made = Reader(
        folder,
        {
            "TRIGLOT_CONFIG": str(ROOT / "examples" / "demo-config.py"),
            "TRIGLOT_DEMO_DB": str(folder / "demo.db"),
            "TRIGLOT_DEMO_RUN": str(folder / "run" / "demo"),
            "TRIGLOT_HOME": str(folder / "home"),
            "TRIGLOT_ADMIN_TOKEN": "a token that only this operator knows",
        }
        | _julia(),
    )
    made.run("triglot fit --evaluate")
    made.serve()
    yield made
    made.close()


def _julia() -> dict[str, str]:
    """Return where Julia is, for a reader whose home is elsewhere."""
    from triglot.launch import julia_executable

    found = julia_executable(os.environ)
    return {} if found is None else {"JULIA_EXE": str(found)}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("document", "language", "commands"),
    [
        ("README.md", "r", 4),
        ("docs/r-authors.md", "r", 4),
        ("docs/julia-authors.md", "julia", 3),
        ("docs/python.md", "python", 3),
    ],
)
def test_an_author_who_follows_the_document_gets_what_it_shows(
    reader: Reader, document: str, language: str, commands: int
) -> None:
    require(language)
    assert reader.follow(document) == commands


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("document", "commands"), [("docs/http.md", 8), ("docs/operations.md", 4)])
def test_every_command_and_request_of_the_service_documents_answers_as_shown(
    operator: Reader, document: str, commands: int
) -> None:
    assert operator.follow(document) == commands


def test_every_command_of_the_command_line_is_documented() -> None:
    text = (ROOT / "docs" / "python.md").read_text("utf-8")
    assert not [name for name in main.commands if f"`triglot {name}" not in text]


def test_every_route_is_documented() -> None:
    text = (ROOT / "docs" / "http.md").read_text("utf-8")
    routes = ("/predict", "/models/NAME/predict", "/models/NAME/predict_proba", "/list", "/alive", "/ready")
    routes += ("/fit", "/activate", "/refresh", "/jobs", "/jobs/ID")
    assert not [route for route in routes if f"{route}`" not in text]


def test_every_error_code_has_a_status() -> None:
    def codes(kind: type[TriglotError]) -> set[str]:
        return {kind.code}.union(*(codes(child) for child in kind.__subclasses__()))

    assert codes(TriglotError) == set(STATUS)


def test_every_configuration_in_the_documents_is_a_python_expression() -> None:
    for document in ("README.md", "docs/r-authors.md", "docs/julia-authors.md", "docs/python.md", "docs/operations.md"):
        for block in blocks(document):
            if block.kind == "python":
                compile(block.text, document, "eval")


def test_documents_link_only_to_files_that_are_there() -> None:
    missing = []
    for document in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text("utf-8")):
            if not (document.parent / target).exists():
                missing.append(f"{document.name}: {target}")
    assert not missing
