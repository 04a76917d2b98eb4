"""What the tests of the configuration share: files in a folder of their own, and a process put back as it was."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from triglot.config import RawConfig, read_config

Write = Callable[..., Path]
Read = Callable[..., RawConfig]


@pytest.fixture(autouse=True)
def process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stand in an empty folder, without a configuration, and leave the process as it was."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TRIGLOT_CONFIG", raising=False)
    monkeypatch.delenv("PALLADIUM_CONFIG", raising=False)
    path, modules = sys.path[:], set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file of the test's folder and return its path."""

    def write(text: str, name: str = "config.py") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    return write


@pytest.fixture
def read(write: Write) -> Read:
    """Read texts as the configuration files 1.py, 2.py, ..."""

    def read(*texts: str) -> RawConfig:
        return read_config([write(text, f"{n}.py") for n, text in enumerate(texts, 1)], os.environ)

    return read
