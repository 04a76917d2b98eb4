"""Caches on disk: one key for one call in every process, and no file opened that somebody else could have written."""

import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.helpers import PATIENCE_S
from triglot.cache import abstractcache, compute_key_attrs, diskcache, picklediskcache
from triglot.errors import ConfigError

BOTH = pytest.mark.parametrize("kind", [diskcache, picklediskcache])


class Loader:
    def __init__(self, path: str, note: str = "") -> None:
        self.path = path
        self.note = note


def counted(cache: abstractcache) -> tuple[Any, list[Any]]:
    calls: list[Any] = []

    @cache
    def add(a: Any, b: int = 1) -> Any:
        calls.append((a, b))
        return a + b

    return add, calls


def template(folder: Path) -> str:
    return f"{folder}/{{module}}.{{func}}-{{key}}"


@BOTH
def test_a_call_is_computed_once_however_its_arguments_are_passed(kind: Any, tmp_path: Path) -> None:
    add, calls = counted(kind(filename_tmpl=template(tmp_path)))

    assert [add(1), add(1, 1), add(a=1), add(1, b=1)] == [2, 2, 2, 2]
    assert calls == [(1, 1)]
    assert add(2) == 3
    assert len(calls) == 2
    assert len(list(tmp_path.iterdir())) == 2


@BOTH
def test_frames_and_arrays_are_arguments_and_results(kind: Any, tmp_path: Path) -> None:
    add, calls = counted(kind(filename_tmpl=template(tmp_path)))
    frame = pd.DataFrame({"x": [1.5, 2.5]})

    add(frame)
    assert add(frame.copy()).equals(frame + 1)
    assert add(np.arange(3)).tolist() == [1, 2, 3]
    assert len(calls) == 2


def test_another_process_finds_what_this_one_kept(tmp_path: Path) -> None:
    program = f"""
import sys
from triglot.cache import diskcache
class Loader:
    def __init__(self): self.path, self.tags = 'p', {{'b', 'a', 'c'}}
@diskcache(filename_tmpl={template(tmp_path)!r})
def load(loader): print('loaded'); return 7
print(load(Loader()))
"""
    said = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE_S,
        ).stdout.split()
        for seed in ("1", "2")
    ]
    assert said == [["loaded", "7"], ["7"]]


def test_a_key_of_attributes_leaves_the_others_out(tmp_path: Path) -> None:
    cache = picklediskcache(compute_key=compute_key_attrs(["path"]), filename_tmpl=template(tmp_path))
    calls = []

    @cache
    def load(loader: Loader) -> str:
        calls.append(loader.note)
        return loader.path

    assert load(Loader("a", "first")) == load(Loader("a", "second")) == "a"
    assert load(Loader("b", "third")) == "b"
    assert calls == ["first", "third"]


@BOTH
def test_a_damaged_file_is_computed_again(kind: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    add, calls = counted(kind(filename_tmpl=template(tmp_path)))
    add(1)
    [file] = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:3])

    assert add(1) == 2
    assert "is damaged" in caplog.text
    assert add(1) == 2
    assert len(calls) == 2


class Exploit:
    def __reduce__(self) -> Any:
        return (os.mkdir, ("opened",))


@BOTH
def test_a_file_that_others_may_write_is_never_opened(
    kind: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    add, calls = counted(kind(filename_tmpl=template(tmp_path / "cache")))
    add(1)
    [file] = (tmp_path / "cache").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_bytes(pickle.dumps(Exploit()))
    file.chmod(0o622)

    assert add(1) == 2
    assert not (tmp_path / "opened").exists()
    assert "others may write it" in caplog.text
    assert len(calls) == 2


def test_a_file_of_another_user_is_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    add, calls = counted(picklediskcache(filename_tmpl=template(tmp_path)))
    add(1)
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)

    assert add(1) == 2
    assert "belongs to another user" in caplog.text
    assert len(calls) == 2


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    add, calls = counted(picklediskcache(filename_tmpl=template(tmp_path)))
    add(1)
    [file] = tmp_path.iterdir()
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")

    assert add(1) == 2
    assert len(calls) == 2


def test_readers_never_see_half_a_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def work() -> None:
        for number in range(10):
            add, _ = counted(diskcache(filename_tmpl=template(tmp_path)))
            assert add(np.full(50_000, number)).tolist()[:1] == [number + 1]

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "damaged" not in caplog.text
    assert len(list(tmp_path.iterdir())) == 10


@pytest.mark.parametrize("ignore", [True, lambda a, b=1: a == 1])
def test_ignore_leaves_the_cache_out(ignore: Any, tmp_path: Path) -> None:
    add, calls = counted(diskcache(ignore=ignore, filename_tmpl=template(tmp_path)))
    assert [add(1), add(1)] == [2, 2]
    assert len(calls) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_cannot_be_written_costs_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    add, _ = counted(diskcache(filename_tmpl=template(tmp_path / "file")))
    assert add(1) == 2
    assert "cannot write cache file" in caplog.text


def test_a_template_needs_the_key_and_arguments_must_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"must contain '\{key\}'"):
        diskcache(filename_tmpl="/tmp/all")
    add, _ = counted(diskcache(filename_tmpl=template(tmp_path)))
    with pytest.raises(ConfigError, match="give the cache a compute_key"):
        add(threading.Lock())


def test_by_default_files_are_in_a_folder_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    add, _ = counted(diskcache())
    add(1)
    folder = tmp_path / f"triglot-cache-{os.geteuid()}"
    assert folder.stat().st_mode & 0o777 == 0o700
    [file] = folder.iterdir()
    assert file.name.startswith(f"cache-{__name__}.add-")
