"""The set-up on machines that lack something: what is missing is said, with what mends it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.helpers import PATIENCE_S

ROOT = Path(__file__).parent.parent
SETUP = "scripts/setup.sh"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Hold a checkout that was never set up, as far as the set-up reads it."""
    made = tmp_path / "a checkout"
    shutil.copytree(ROOT / "scripts", made / "scripts")
    for name in ("requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, made)
    return made


def on_a_machine(checkout: Path, change: str) -> str:
    """Return what the set-up says where a command has changed the machine: its network or its mounts, for it alone."""
    command = ["unshare", "--mount", "--net", "--propagation", "private"]
    if os.getuid():
        command.append("--map-root-user")
    if subprocess.run([*command, "true"], capture_output=True).returncode:
        pytest.skip("this machine allows no mounts of one's own")
    done = subprocess.run(
        [*command, "bash", "-euc", f'{change}\ncd "$1"\nexec {SETUP}', "change", str(checkout)],
        env={**os.environ, "PIP_RETRIES": "1", "TRIGLOT_WITHOUT": "r julia"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE_S,
    )
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr


def test_without_a_network_it_says_how_pip_is_told_of_an_index(checkout: Path) -> None:
    said = on_a_machine(checkout, ":")
    assert said.startswith("pip reaches no package index. Try: .venv/bin/python -m pip config list.")
    assert "PIP_INDEX_URL" in said
    assert "HTTPS_PROXY" in said


def test_a_checkout_that_cannot_be_written_to_is_told_at_once(checkout: Path) -> None:
    said = on_a_machine(checkout, 'mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"')
    assert (
        said.strip()
        == f"{checkout} cannot be written to: copy it to a folder of your own (cp -r . ~/triglot) and run make there"
    )


def test_a_disk_without_room_is_told_before_it_is_full(checkout: Path) -> None:
    change = 'cp -r "$1" "$1.kept"; mount -t tmpfs -o size=200m tmpfs "$1"; cp -r "$1.kept/." "$1"'
    assert "MB left" in (said := on_a_machine(checkout, change))
    assert "free some, or copy the checkout to another disk" in said


def test_a_package_that_the_release_lacks_is_named_and_stops_nothing() -> None:
    if shutil.which("apt-get") is None:
        pytest.skip("apt is Debian's")
    command = [ROOT / "scripts" / "ensure_apt.sh", "--available", "r-cran-that-nobody-wrote", "bash"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=4 * PATIENCE_S)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "r-cran-that-nobody-wrote is not in this release: left out"
