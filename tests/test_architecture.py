"""The arrows between the rooms, read from the imports themselves and seen in fresh processes."""

import ast
import functools
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.arrows import circle, closure, heights, homeless, over_the_wall, package_of, parsed, read, upward, within
from tests.helpers import PATIENCE_S

ROOT = Path(__file__).parent.parent

FRONT_END = {"flask", "werkzeug", "granian", "gunicorn"}
LANGUAGES = {"rpy2", "julia"}
# The core may know what an estimator is, how one is scored and where data come from, but no estimator.
SKLEARN_IN_THE_CORE = {
    "sklearn.base",
    "sklearn.utils",
    "sklearn.metrics",
    "sklearn.datasets",
    "sklearn.model_selection",
}
DATABASE = {"sqlalchemy", "alembic", "sqlite3", "psycopg", "pymysql"}
# Whoever reads these formats runs what the writer wanted.
DESERIALISERS = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "jsonpickle", "yaml"}
NETWORK = {"zmq", "socket", "socketserver", "http.client", "http.server", "urllib.request", "requests", "httpx"}

# a room or module -> what nothing in it may import
FORBIDDEN = {
    "triglot": FRONT_END | LANGUAGES | {"triglot.server", "triglot.workers"},
    "triglot.client": DATABASE | DESERIALISERS | NETWORK - {"httpx", "socket"},
    "triglot.server": NETWORK | DATABASE | LANGUAGES | {"sklearn"} | DESERIALISERS | {"triglot.workers"},
    "triglot.workers": FRONT_END | DATABASE | NETWORK - {"zmq"} | {"triglot.server"},
    "triglot.workers.python": {"rpy2", "julia", "zmq", "triglot.workers.r", "triglot.workers.julia"},
    "triglot.workers.r": DESERIALISERS | {"julia", "sklearn", "zmq", "triglot.workers.python", "triglot.workers.julia"},
    "triglot.workers.julia": DESERIALISERS | {"rpy2", "sklearn", "zmq", "triglot.workers.python", "triglot.workers.r"},
}
# All that the front end's modules import of the core, and all of the core that a worker's process can ever come to.
SEEN_BY_SERVER = {
    *(
        "access",
        "aliases",
        "assembly",
        "bodies",
        "bulk",
        "dispatch.asynchronous",
        "config",
        "errors",
        "hooks",
        "interfaces",
        "logs",
        "metrics",
        "overview",
        "palladium.beside",
        "palladium.commands",
        "palladium.stream",
    ),
    *(
        "persister",
        "process_store",
        "pipelines.declared",
        "pipelines.submission",
        "project",
        "scope_names",
        "serving",
        "store",
        "tables",
        "tally",
        "this_process",
        "tracing",
        "transport",
        "util",
    ),
}
SEEN_BY_WORKERS = {
    *("aliases", "artefact", "bygone", "errors", "hooks", "interfaces", "languages", "logs", "manifest", "model"),
    *("drift.bins", "drift.profile", "protocol", "tables", "tally", "this_process", "transport"),
}
# A program that calls a service carries nothing that a service needs.
SEEN_BY_CALLERS = {"client", "errors"}
# Who opens what can run code: a worker what it has verified, a cache what its own user wrote, an executor of Spark what
# its driver sends beside functions that Spark opens in the same way. None is on the wire.
MAY_DESERIALISE = {
    *("triglot.workers.python.runtime", "triglot.workers.python.former_pickles"),
    *("triglot.cache", "triglot.spark.executor"),
}
# Decisions and encodings: they are handed the time and say what to send.
PURE = tuple(f"tables.{name}" for name in ("table", "field", "labels", "schema", "arrow"))
PURE += tuple(f"protocol.{name}" for name in ("messages", "wire", "bundles", "batching", "runtime"))
PURE += tuple(f"access.{name}" for name in ("scopes", "refusals", "token_terms", "cors"))
PURE += (
    "bodies.telling",
    "dispatch.routing",
    "dispatch.loads",
    "drift.bins",
    "drift.comparison",
    "drift.profile",
    "drift.terms",
    "drift.window",
    "messages.patience",
    "messages.sequence",
    "supervision.crash_loops",
    "tally.quarantine",
    "tally.recent",
    "tally.sums",
    "training.scoring",
    "workers.fit_spec",
)
# And what is written of a deployment: values in, text out.
PURE += tuple(
    f"deploy.{name}"
    for name in (
        "values",
        "description",
        "text",
        "marathon",
        "former_marathon",
        "kubernetes",
        "kserve",
        "compose",
        "nginx",
    )
)
IMPURE = NETWORK | {"time", "threading", "subprocess", "random", "secrets", "os", "pathlib", "datetime"}


@functools.cache
def sources() -> dict[str, ast.Module]:
    """Return the parsed modules of all rooms by import name."""
    return parsed(ROOT)


@functools.cache
def imports() -> dict[str, frozenset[str]]:
    """Return what each module imports."""
    return read(sources())


def rules_of(name: str) -> Iterator[set[str]]:
    """Yield what a module may not import; the rules of the core do not bind the other rooms."""
    for room, banned in FORBIDDEN.items():
        foreign = room == "triglot" and within(name, {"triglot.server", "triglot.workers"})
        if within(name, {room}) and not foreign:
            yield banned


def test_every_room_is_read() -> None:
    rooms = {"triglot.protocol.wire", "triglot.server.app", "triglot.workers.worker", "triglot.workers.python.runtime"}
    assert rooms <= sources().keys()
    assert len(sources()) > 50


def test_no_room_reaches_where_it_should_not() -> None:
    wrong = [
        f"{name} imports {target}"
        for name, targets in imports().items()
        for banned in rules_of(name)
        for target in sorted(targets)
        if within(target, banned)
    ]
    assert not wrong


def test_the_core_knows_no_estimator_of_scikit_learn() -> None:
    wrong = [
        f"{name} imports {target}"
        for name, targets in imports().items()
        for target in sorted(targets)
        if not within(name, {"triglot.server", "triglot.workers"})
        and within(target, {"sklearn"})
        and not within(target, SKLEARN_IN_THE_CORE)
    ]
    assert not wrong


def test_decisions_and_encodings_have_no_socket_no_clock_and_no_thread() -> None:
    wrong = [
        f"triglot.{name} imports {target}"
        for name in PURE
        for target in sorted(imports()[f"triglot.{name}"])
        if within(target, IMPURE)
    ]
    assert not wrong


def modules_of(room: str) -> set[str]:
    return {name for name in sources() if within(name, {room})}


def hidden_from(seen: set[str]) -> set[str]:
    """Return the modules of the core but those that are seen, and the package itself, which is empty."""
    rooms = modules_of("triglot.server") | modules_of("triglot.workers")
    assert seen <= {name.removeprefix("triglot.") for name in sources()}, "a name stands for nothing"
    shown = set().union(*(modules_of(f"triglot.{name}") for name in seen))
    return sources().keys() - rooms - {"triglot"} - shown


def test_the_front_end_sees_of_the_core_what_it_may() -> None:
    assert not over_the_wall(imports(), modules_of("triglot.server"), hidden_from(SEEN_BY_SERVER))


def test_a_worker_can_never_come_to_more_of_the_core_than_it_may_see() -> None:
    reached = set().union(*(closure(imports(), name) for name in modules_of("triglot.workers")))
    assert not over_the_wall(imports(), reached, hidden_from(SEEN_BY_WORKERS))


def test_a_caller_can_never_come_to_more_of_the_core_than_its_errors() -> None:
    reached = set().union(*(closure(imports(), name) for name in modules_of("triglot.client")))
    assert not over_the_wall(imports(), reached, hidden_from(SEEN_BY_CALLERS))


def test_imports_make_no_circle_of_modules_nor_of_packages() -> None:
    assert not circle(imports(), str)
    assert not circle(imports(), package_of)


def levels() -> list[list[str]]:
    """Return the levels that the architecture document draws, the highest first."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    drawing = re.search(r"Arrows point down only[^#]*?\n\n((?: {4}.+\n)+)", text)
    assert drawing, "docs/architecture.md draws the levels below 'Arrows point down only'"
    names = [line.strip().split("  ")[0].split(" · ") for line in drawing[1].splitlines()]
    return [[f"triglot.{name.strip()}" for name in level] for level in names]


def test_every_module_is_on_a_level_of_the_drawing_and_every_name_there_is_a_module() -> None:
    drawn = heights(levels())
    assert not drawn.keys() - sources().keys(), "docs/architecture.md draws what is not there"
    assert not homeless(sources().keys() - {"triglot"}, drawn)


def test_imports_point_down_the_levels_that_the_architecture_draws() -> None:
    assert not upward(imports(), heights(levels()))


def test_nothing_on_the_way_of_the_wire_can_deserialise_an_object() -> None:
    for start in (
        "triglot.protocol.wire",
        "triglot.dispatch.blocking",
        "triglot.workers.control",
        "triglot.workers.worker",
    ):
        reached = closure(imports(), start)
        assert "msgpack" in reached
        assert not {module for module in reached if within(module, DESERIALISERS)}, start


def calls(names: set[str]) -> list[str]:
    """Return where a function or method of one of these names is called, in any room."""
    return [
        f"{name}:{node.lineno} {node.func.attr if isinstance(node.func, ast.Attribute) else ''}"
        for name, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")) in names
    ]


def test_no_socket_is_asked_for_objects_and_no_array_for_pickles() -> None:
    assert not calls({"recv_pyobj", "send_pyobj", "recv_serialized", "unsafe_load", "full_load"})
    # a configuration file is an expression, and its owner's; nothing else is ever evaluated
    assert all(place.startswith("triglot.config.") for place in calls({"eval", "exec"}))
    keywords = [
        f"{name}:{node.value.lineno}"
        for name, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle"
    ]
    assert not keywords


def test_nobody_opens_what_can_run_code_but_those_who_may() -> None:
    loaders = {
        name
        for name, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in ("loads", "load", "Unpickler")
        and isinstance(node.value, ast.Name)
        and node.value.id in DESERIALISERS
    }
    assert loaders <= MAY_DESERIALISE
    assert "triglot.workers.python.runtime" in loaders


def test_a_manifest_is_called_verified_by_the_seal_alone_and_by_a_fit_of_its_own_bytes() -> None:
    assert {place.partition(":")[0] for place in calls({"Manifest"})} == {
        "triglot.artefact",
        "triglot.workers.repository",
    }


@pytest.mark.parametrize("language", ["python", "r", "julia"])
def test_the_same_work_has_the_same_name_in_each_language_s_folder(language: str) -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8").partition("## A language's folder")[2]
    named = set(re.findall(r"`([\w*.]+\.(?:py|\*))`", text.partition("\n## ")[0]))
    assert {"runtime.py", "inputs.py", "answers.py", "output.py", "models.*"} <= named
    own = {"python": {"interpreter.py"}}.get(language, set())  # it is there already
    native = {"r": "R", "julia": "jl"}.get(language)
    expected = {name.replace(".*", f".{native}") for name in named - own if native or not name.endswith("*")}
    assert not {name for name in expected if not (ROOT / "workers" / language / name).is_file()}


def test_the_package_itself_brings_nothing_into_a_process() -> None:
    assert imports()["triglot"] == frozenset()
    assert imports()["triglot.workers"] == frozenset()


# The last one, too, because a hook of an author's says how it is to be imported.
_FRONT_END = {
    "pandas",
    "pyarrow",
    "sklearn",
    "scipy",
    "cloudpickle",
    "rpy2",
    "julia",
    "opentelemetry",
    "prometheus_client",
}
# What a process would carry without need, or could be attacked by.
BALLAST = {
    "triglot.client": {"flask", "sqlalchemy", "zmq", "numpy", "pandas", "polars", "pyarrow", "sklearn"},
    "triglot.workers.worker": {"flask", "sqlalchemy", "cloudpickle", "sklearn", "pandas", "pyarrow", "rpy2", "julia"},
    "triglot.workers.__main__": {"numpy", "zmq"},
    "triglot.workers.process": {
        *("flask", "sqlalchemy", "cloudpickle", "sklearn", "pandas", "pyarrow", "rpy2", "julia", "asyncio"),
    },
    "triglot.dispatch.blocking": {"pandas", "pyarrow", "sklearn", "scipy", "cloudpickle", "flask", "sqlalchemy"},
    "triglot.serving.service": {"pandas", "pyarrow", "sklearn", "scipy", "cloudpickle", "flask", "rpy2", "julia"},
    "triglot.project": {"pandas", "pyarrow", "sklearn", "scipy", "cloudpickle", "flask", "rpy2", "julia"},
    "triglot.server.wsgi": _FRONT_END,
    "triglot.server.asgi": _FRONT_END,
    "triglot.server.app": _FRONT_END,
}


@pytest.mark.parametrize("module", BALLAST)
def test_a_process_loads_what_it_needs_and_no_more(module: str) -> None:
    program = f"import sys, {module}\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert module in done.stdout.split()
    assert not loaded & BALLAST[module]
