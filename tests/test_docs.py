"""The documents keep their word: their files are written, their commands run, their answers compared."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import require
from tests.reading import ROOT, Reader, blocks
from triglot.access.refusals import RateLimited
from triglot.bodies.media import UnsupportedMediaType
from triglot.bodies.telling import STATUS
from triglot.cli.main import PLACES
from triglot.errors import TriglotError
from triglot.server.arrivals import BodyTooSlow
from triglot.server.media import NotAcceptable


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = Reader(tmp_path)
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
            "TRIGLOT_ADMIN_TOKEN": "a token that only this operator knows",
        },
    )
    made.run("triglot fit --evaluate")
    made.run("triglot serve")
    yield made
    made.close()


@pytest.mark.parametrize(
    ("document", "languages", "commands"),
    [
        ("README.md", "r", 4),
        ("docs/install.md", "r julia", 2),
        ("docs/tutorial.md", "r julia", 19),
        ("docs/r-authors.md", "r", 5),
        ("docs/julia-authors.md", "julia", 3),
        ("docs/python.md", "python", 3),
        ("docs/loaders.md", "python", 4),
        ("docs/scopes.md", "r", 12),
        ("docs/logging.md", "python", 7),
        ("docs/hooks.md", "python", 5),
        ("docs/gallery.md", "r", 4),
        ("docs/deployment.md", "python", 8),
        ("docs/scoring.md", "python", 9),
        ("docs/dask.md", "dask r", 4),
        ("docs/authorisation.md", "python", 13),
        ("docs/pipelines.md", "r julia", 9),
    ],
)
def test_an_author_who_follows_the_document_gets_what_it_shows(
    reader: Reader, document: str, languages: str, commands: int
) -> None:
    for language in languages.split():
        require(language)
    reader.shell_alone = document == "README.md"
    assert reader.follow(document) == commands


@pytest.mark.parametrize(
    ("document", "commands"),
    [
        ("docs/http.md", 17),
        ("docs/calling.md", 6),
        ("docs/clients.md", 5),
        ("docs/open-inference.md", 7),
        ("docs/operations.md", 9),
        ("docs/metrics.md", 1),
        ("docs/page.md", 2),
        ("docs/runbook.md", 3),
    ],
)
def test_every_command_and_request_of_the_service_documents_answers_as_shown(
    operator: Reader, document: str, commands: int
) -> None:
    assert operator.follow(document) == commands


def test_every_command_of_the_command_line_is_documented() -> None:
    text = (ROOT / "docs" / "python.md").read_text("utf-8")
    assert not [name for name in (*PLACES, "version") if f"`triglot {name}" not in text]


def test_every_route_is_documented() -> None:
    text = (ROOT / "docs" / "http.md").read_text("utf-8")
    routes = ("/predict", "/models/NAME/predict", "/models/NAME/predict_proba", "/list", "/alive", "/ready", "/metrics")
    routes += ("/", "/overview", "/programs/NAME/restart")
    routes += ("/fit", "/activate", "/refresh", "/jobs", "/jobs/ID", "/jobs/ID/result", "/pipelines", "/pipelines/NAME")
    assert not [route for route in routes if f"{route}`" not in text]


def test_every_error_code_has_a_status() -> None:
    def codes(kind: type[TriglotError]) -> set[str]:
        return {kind.code}.union(*(codes(child) for child in kind.__subclasses__()))

    own = {each.code for each in (BodyTooSlow, RateLimited, UnsupportedMediaType, NotAcceptable)}
    assert own <= codes(TriglotError)  # the front end's own errors count, too
    assert codes(TriglotError) == set(STATUS)


def test_every_configuration_in_the_documents_is_a_python_expression() -> None:
    for document in ["README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))]:
        for block in blocks(document):
            if block.kind == "python" and (block.file is None or block.file.endswith("config.py")):
                compile(block.text, document, "eval")


def test_documents_link_only_to_files_that_are_there() -> None:
    missing = []
    for document in [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text("utf-8")):
            if not (document.parent / target).exists():
                missing.append(f"{document.name}: {target}")
    assert not missing
