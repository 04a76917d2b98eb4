"""`triglot backup` and `triglot restore`, from one machine to another."""

import stat
from pathlib import Path

import pytest

from tests.cli.conftest import run
from tests.helpers import KEY
from tests.store.conftest import make_artefact
from triglot.store import ModelStore


@pytest.fixture
def machines(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Hold the folder of two machines: each has a home and so a key of its own, and a store."""
    monkeypatch.delenv("TRIGLOT_SIGNING_KEY")
    monkeypatch.delenv("TRIGLOT_SIGNING_KEY_FILE", raising=False)
    monkeypatch.delenv("TRIGLOT_HOME", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    (here / "triglot-config.py").write_text("{}")
    return here


def on(machine: str, here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be on a machine from now on; return its key's place."""
    home = here / machine
    home.mkdir(exist_ok=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TRIGLOT_STORE", f"sqlite:///{home / 'models.db'}")
    return home / ".local" / "share" / "triglot" / "signing.key"


def stored(key: Path, store: Path) -> None:
    key.parent.mkdir(parents=True)
    key.write_bytes(KEY + b"\n")
    key.chmod(0o600)
    made = ModelStore(f"sqlite:///{store}")
    made.write("iris", make_artefact(key=KEY))
    made.activate("iris", 1)
    made.close()


def test_another_machine_has_the_models_and_the_key(
    machines: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stored(on("old", machines, monkeypatch), machines / "old" / "models.db")
    assert run("backup", "all.backup") == 0
    assert "all.backup: 1 version of 1 model, 0.1 MiB, with the signing key." in capsys.readouterr().out

    key = on("new", machines, monkeypatch)
    assert run("restore", "all.backup") == 0

    said = capsys.readouterr().out
    assert f"Put the signing key into {key}." in said
    assert "Restored 1 version of 1 model, as of " in said
    assert key.read_bytes().strip() == KEY
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert run("list") == 0
    assert "iris" in capsys.readouterr().out


def test_a_machine_with_another_key_is_told_so_and_gets_nothing(
    machines: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stored(on("old", machines, monkeypatch), machines / "old" / "models.db")
    assert run("backup", "all.backup") == 0
    key = on("new", machines, monkeypatch)
    key.parent.mkdir(parents=True)
    key.write_text("another key of thirty-two bytes and more\n")
    key.chmod(0o600)

    assert run("restore", "all.backup") == 1

    assert "is another one than that of all.backup; move it away, or name a file" in capsys.readouterr().err
    assert ModelStore(f"sqlite:///{machines / 'new' / 'models.db'}").list() == []


def test_without_a_key_on_either_side_it_is_said_where_it_belongs(
    machines: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stored(on("old", machines, monkeypatch), machines / "old" / "models.db")
    assert run("backup", "all.backup", "--no-key") == 0
    key = on("new", machines, monkeypatch)

    assert run("restore", "all.backup") == 1

    assert f"holds no signing key; put the one that signed its versions into {key}" in capsys.readouterr().err
    assert not key.exists()


def test_a_store_of_files_is_told_how_it_is_kept(
    machines: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (machines / "triglot-config.py").write_text(
        '{"model_persister": {"!": "triglot.persisters.file.File", "path": "m-{version}"}}'
    )
    on("old", machines, monkeypatch)
    assert run("backup", "all.backup") == 1
    assert "is no database; back up the files that it keeps, and the signing key" in capsys.readouterr().err


def test_where_the_key_cannot_be_put_the_store_stays_empty_for_another_try(
    machines: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stored(on("old", machines, monkeypatch), machines / "old" / "models.db")
    assert run("backup", "all.backup") == 0
    key = on("new", machines, monkeypatch)
    (machines / "new" / ".local").write_text("in the way")

    assert run("restore", "all.backup") == 1

    assert f"the signing key {key} can be neither read nor made" in capsys.readouterr().err
    (machines / "new" / ".local").unlink()
    assert run("restore", "all.backup") == 0
