"""Which Julia is found, what its library must offer, and what a Julia that does not start leaves behind."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.helpers import Hive
from tests.workers.test_worker_process import refused
from triglot.dispatch.blocking import Client
from triglot.errors import LanguageUnavailable
from triglot.training.worker_process import Child
from triglot.workers.julia.installation import Installation, find
from triglot.workers.julia.interpreter import initialise, optimise

# What is exported for initialisation, as `src/jl_exported_funcs.inc` of each release has it.
EXPORTED = {
    "1.5": ["jl_init_with_image", "jl_init_with_image__threading"],
    "1.6": ["jl_init_with_image__threading"],
    "1.7 to 1.11": ["jl_init_with_image", "jl_init_with_image__threading"],
    "1.12 and 1.13": ["jl_init_with_image", "jl_init_with_image_file"],
    "one that drops the old names": ["jl_init_with_image_file"],
}


class Function:
    """A function of C that writes down what it is called with."""

    def __init__(self) -> None:
        self.called: list[tuple[Any, ...]] = []

    def __call__(self, *arguments: Any) -> None:
        self.called.append(arguments)


@pytest.mark.parametrize("version", EXPORTED)
def test_every_julia_is_initialised_by_a_name_that_it_has(version: str) -> None:
    library = SimpleNamespace(**{name: Function() for name in EXPORTED[version]})
    initialise(library, Installation(Path("/j/bin"), Path("/j/lib/libjulia.so"), Path("/j/lib/julia/sys.so")))
    calls = [function.called for function in vars(library).values() if function.called]
    assert calls == [[(b"/j/bin", b"/j/lib/julia/sys.so")]]


def test_a_library_without_any_of_the_names_is_refused() -> None:
    with pytest.raises(LanguageUnavailable, match=r"exports none of jl_init_with_image, .*use Julia 1\.5"):
        initialise(SimpleNamespace(jl_init=Function()), Installation(Path("/b"), Path("/l"), Path("/i")))


def test_a_level_that_julia_has_not_is_refused_with_those_that_it_has() -> None:
    with pytest.raises(LanguageUnavailable, match=r"TRIGLOT_JULIA_OPTIMIZE is 'fast'; write 0, 1, 2, 3, or unset it"):
        optimise(SimpleNamespace(), "fast")


def made(prefix: Path, lib: str, library: str = "libjulia.so") -> Path:
    """Make the files of an installation that are looked for; return its executable."""
    for name in ("bin/julia", f"{lib}/{library}", f"{lib}/julia/sys.so"):
        (prefix / name).parent.mkdir(parents=True, exist_ok=True)
        (prefix / name).write_bytes(b"")
    (prefix / "bin" / "julia").chmod(0o755)
    return prefix / "bin" / "julia"


@pytest.mark.parametrize(
    ("lib", "library"),
    [
        ("lib", "libjulia.so"),
        ("lib64", "libjulia.so"),
        ("lib/x86_64-linux-gnu", "libjulia.so.1"),
        ("lib/aarch64-linux-gnu", "libjulia.so"),
    ],
    ids=["an official tarball", "Fedora", "Debian", "Debian on ARM"],
)
def test_an_installation_is_known_by_its_folders(tmp_path: Path, lib: str, library: str) -> None:
    executable = made(tmp_path, lib, library)
    expected = Installation(tmp_path / "bin", tmp_path / lib / library, tmp_path / lib / "julia" / "sys.so")
    assert find({"JULIA_EXE": str(executable)}) == expected
    link = tmp_path / "elsewhere" / "julia"
    link.parent.mkdir()
    link.symlink_to(executable)
    assert find({"JULIA_EXE": str(link)}) == find({"PATH": str(link.parent)}) == expected


def launcher(folder: Path, *lines: str) -> Path:
    """Make an executable that stands for juliaup's: nothing lies beside it."""
    script = folder / "julia"
    script.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    script.chmod(0o755)
    return script


def test_a_launcher_is_asked_where_its_julia_is(tmp_path: Path) -> None:
    made(tmp_path / "j", "lib")
    (tmp_path / "bin").mkdir()
    parts = [str(tmp_path / "j" / name) for name in ("bin", "lib/libjulia.so", "lib/julia/sys.so")]
    script = launcher(tmp_path / "bin", "echo Checking for updates", *(f"echo {part}" for part in parts))
    assert find({"JULIA_EXE": str(script)}) == Installation(*map(Path, parts))


@pytest.mark.parametrize(
    ("lines", "part"),
    [
        (["echo no channel is installed >&2", "exit 1"], r"does not tell where its library is \(no channel is"),
        (["echo /j/bin"], r"does not tell where its library is \(exit code 0\)"),
        (["echo /j/bin; echo /j/libjulia.so; echo /j/sys.so"], "has no shared library"),
    ],
    ids=["a failure", "too little", "a library that is not there"],
)
def test_a_launcher_that_leads_nowhere_is_told_with_its_words(tmp_path: Path, lines: list[str], part: str) -> None:
    with pytest.raises(LanguageUnavailable, match=part):
        find({"JULIA_EXE": str(launcher(tmp_path, *lines))})


@pytest.mark.parametrize(("place", "value", "part"), [(4, 1, "a Julia of 32 bits"), (18, 0x28, "a Julia of 64 bits")])
def test_a_julia_for_another_kind_of_machine_is_refused_with_the_remedy(
    tmp_path: Path, place: int, value: int, part: str
) -> None:
    executable = made(tmp_path, "lib")
    head = bytearray(Path(sys.executable).read_bytes()[:64])
    head[place] = value
    (tmp_path / "lib" / "libjulia.so").write_bytes(head)
    with pytest.raises(LanguageUnavailable, match=f"{part} for another kind of process.*install the Julia for"):
        find({"JULIA_EXE": str(executable)})


@pytest.fixture
def real() -> Installation:
    """Return the Julia of this machine; skip without, fail where TRIGLOT_REQUIRE says that it must be there."""
    try:
        return find(os.environ)
    except LanguageUnavailable as error:
        (pytest.fail if "julia" in os.environ.get("TRIGLOT_REQUIRE", "").split() else pytest.skip)(str(error))


def test_a_real_julia_tells_the_same_as_its_folders(tmp_path: Path, real: Installation) -> None:
    script = launcher(tmp_path, f'exec "{real.bindir / "julia"}" "$@"')
    told = find({"JULIA_EXE": str(script)})
    assert told.bindir.samefile(real.bindir)
    assert told.library.samefile(real.library)
    assert told.image.samefile(real.image)


@pytest.fixture
def broken(tmp_path: Path, real: Installation) -> Path:
    """Return the executable of a Julia that is whole but for its image."""
    prefix = real.bindir.parent
    lib = tmp_path / real.library.parent.relative_to(prefix)
    (lib / "julia").mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    shutil.copy(real.bindir / "julia", tmp_path / "bin")
    for folder in ("", "julia"):
        for entry in (real.library.parent / folder).iterdir():
            if entry.name not in ("julia", "sys.so"):
                (lib / folder / entry.name).symlink_to(entry)
    (lib / "julia" / "sys.so").write_text("junk")
    return tmp_path / "bin" / "julia"


def test_a_julia_that_does_not_initialise_says_why_in_the_workers_log(hive: Hive, broken: Path) -> None:
    code, said = refused(hive.run_dir, language="julia", JULIA_EXE=str(broken))
    assert code == os.EX_UNAVAILABLE
    assert "julia is off: " in said
    assert "file too short" in said
    assert "set JULIA_EXE to another" in said


def test_whoever_starts_it_is_told_the_same_reason(hive: Hive, broken: Path) -> None:
    client = Client(hive.run_dir)
    child = Child("julia", "w", hive.run_dir, {**os.environ, "JULIA_EXE": str(broken)})
    try:
        with pytest.raises(LanguageUnavailable, match=r"julia is off: .*file too short"):
            child.wait_until_ready(client)
    finally:
        child.stop()
        client.close()


ENDING = """
import ctypes, os, sys
from triglot.workers.julia.interpreter import when_it_exits

def last():
    print("heard", flush=True)
    os._exit(5)

with when_it_exits(last):
    if sys.argv[1] == "within":
        ctypes.CDLL(None).exit(1)
if sys.argv[1] == "after":
    ctypes.CDLL(None).exit(3)
"""


@pytest.mark.parametrize(("when", "code", "said"), [("within", 5, "heard\n"), ("after", 3, ""), ("never", 0, "")])
def test_an_exit_of_c_code_is_heard_while_somebody_listens(when: str, code: int, said: str) -> None:
    done = subprocess.run([sys.executable, "-c", ENDING, when], stdout=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stdout) == (code, said)
