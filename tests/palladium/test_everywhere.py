"""`palladium` in every program of the environment, whether or not it knows of us."""

import importlib
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.functional.running import free_port
from tests.helpers import PATIENCE_S, until
from tests.palladium.conftest import surroundings
from triglot.aliases import install

ROOT = Path(__file__).parents[2]
SCRIPT = """
import palladium
from palladium import server, wsgi, __version__
from palladium.util import ProcessStore, initialize_config, upgrade_cmd
import palladium.persistence
config = initialize_config(__mode__="fit")
print(__version__, palladium.__version__, config["service_metadata"], palladium.persistence.File.__name__)
print(palladium.fit.fit_cmd.__name__, palladium.eval.test_cmd.__name__, server.stream_cmd.__name__)
print(ProcessStore({"a": 1}, b=2).mtime.keys() == {"a", "b"})
"""


def run(*arguments: str, cwd: Path, **more: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=surroundings(**more),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_script_that_knows_nothing_of_us_imports_it(tmp_path: Path) -> None:
    (tmp_path / "palladium-config.py").write_text("{'service_metadata': 's'}")
    (tmp_path / "script.py").write_text(SCRIPT)
    assert run("script.py", cwd=tmp_path).splitlines() == [
        "1.2.4.1 1.2.4.1 s File",
        "fit_cmd test_cmd stream_cmd",
        "True",
    ]


def test_a_folder_of_the_name_beside_it_which_palladium_itself_is_comes_first(tmp_path: Path) -> None:
    shutil.copy(ROOT / "palladium.py", tmp_path)
    program = "import palladium, palladium.util; print(getattr(palladium, 'OWNER', 'ours'), palladium.util.__name__)"
    assert run("-c", program, cwd=tmp_path, PYTHONPATH=str(tmp_path)) == "ours triglot.palladium.util\n"
    (tmp_path / "palladium").mkdir()
    (tmp_path / "palladium" / "__init__.py").write_text("OWNER = 'theirs'")
    (tmp_path / "palladium" / "util.py").write_text("")
    assert run("-c", program, cwd=tmp_path, PYTHONPATH=str(tmp_path)) == "theirs palladium.util\n"
    program = f"from triglot.aliases import install; install(); {program}"
    assert run("-c", program, cwd=tmp_path, PYTHONPATH=str(tmp_path)) == "theirs palladium.util\n"


def test_what_it_has_not_is_an_attribute_error_that_names_it() -> None:
    install()
    with pytest.raises(AttributeError, match="'nothing'"):
        _ = importlib.import_module("palladium").nothing


def test_gunicorn_serves_what_the_deployment_page_says(tmp_path: Path) -> None:
    (tmp_path / "palladium-config.py").write_text("{'service_metadata': {'service_name': 'iris'}}")
    port = free_port()
    command = ["-m", "gunicorn", "--workers=1", f"--bind=127.0.0.1:{port}", "palladium.wsgi:app"]
    log = tmp_path / "gunicorn.log"
    with log.open("wb") as out:
        server = subprocess.Popen([sys.executable, *command], cwd=tmp_path, env=surroundings(), stdout=out, stderr=out)

    def answer() -> bytes:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/alive", timeout=PATIENCE_S) as response:
                return bytes(response.read())
        except OSError:
            return b""

    try:
        until(lambda: bool(answer()) or server.poll() is not None)
        assert b'"service_name":"iris"' in answer(), log.read_text("utf-8", "replace")
    finally:
        server.terminate()
        server.wait(PATIENCE_S)


def test_the_commands_are_functions_that_take_arguments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install()
    monkeypatch.chdir(tmp_path)
    for variable in ("PALLADIUM_CONFIG", "TRIGLOT_CONFIG"):
        monkeypatch.delenv(variable, raising=False)
    util, fit = (importlib.import_module(f"palladium.{name}") for name in ("util", "fit"))
    util.version_cmd(argv=[])
    fit.admin_cmd(argv=["--help"])
    assert "Usage: pld-admin" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        fit.fit_cmd(argv=["--evaluate"])
    assert ended.value.code == 1
    assert "pld-fit: The configuration has no model" in capsys.readouterr().err
