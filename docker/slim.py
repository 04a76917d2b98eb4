"""`python slim.py PREFIX`: takes out of installed packages what no service runs, a quarter of the whole.

Tests, headers, what only compilers read, symbols that only debuggers read, the libraries of Arrow that need a network
of their own; and of the largest packages the sources, which stay as Python compiles them.
"""

import compileall
import shutil
import subprocess
import sys
from pathlib import Path

UNUSED = (
    *("*/tests", "*/test", "*/testing/suite", "*/_core/include", "sqlalchemy/testing"),
    *("sqlalchemy/dialects/oracle", "sqlalchemy/dialects/mssql"),
    *("*.pyx", "*.pxd", "*.pxi", "*.pyi", "*.pyf", "*.h", "*.hpp", "*.c", "*.cc", "*.cpp", "*.a"),
    *("pyarrow/include", "pyarrow/src", "pyarrow/*flight*", "pyarrow/*_s3*", "pyarrow/_gcsfs.*", "pyarrow/_azurefs.*"),
    *("pyarrow/_hdfs.*", "pyarrow/*_parquet_encryption.*", "sklearn/datasets/images"),
    *("*/_*_tests.*.so", "*/_test_*.so", "*/_simd.*.so"),
)
LOAD = "import ctypes, sys; ctypes.CDLL(sys.argv[1])"
COMPILED = ("narwhals", "numpy", "pandas", "pygments", "scipy", "sklearn", "sqlalchemy")


def main(prefix: Path) -> None:
    """Slim the site-packages below a prefix."""
    (packages,) = prefix.glob("lib/python3*/site-packages")
    for pattern in UNUSED:
        for found in [*packages.rglob(pattern)]:
            remove(found)
    for library in packages.rglob("*.so*"):
        strip(library)
    for package in COMPILED:
        leave_out_sources(packages, package)
    link_copies(packages / "pyarrow", "libarrow_python.so*")


def remove(path: Path) -> None:
    """Remove a file or a folder that is still there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def strip(library: Path) -> None:
    """Take the symbols out of a library, unless it would not load any more: paths may have been patched into it."""
    stripped = library.with_name(f"{library.name}.stripped")
    subprocess.run(["strip", "--strip-unneeded", "-o", stripped, library], check=True)
    if subprocess.run([sys.executable, "-c", LOAD, stripped], check=False, stderr=subprocess.DEVNULL).returncode == 0:
        shutil.copymode(library, stripped)
        stripped.replace(library)
    else:
        stripped.unlink()


def leave_out_sources(packages: Path, package: str) -> None:
    """Put compiled files in the place of a package's sources, also in the list by which pip removes it."""
    sources = [*(packages / package).rglob("*.py")]
    if not compileall.compile_dir(packages / package, quiet=1, force=True, legacy=True, workers=0, stripdir=packages):
        raise SystemExit(f"{package} does not compile")
    for source in sources:
        source.unlink()
    for record in packages.glob("*.dist-info/RECORD"):
        lines = record.read_text("utf-8").splitlines()
        listed = [
            f"{line.partition('.py,')[0]}.pyc,," if line.startswith(f"{package}/") and ".py," in line else line
            for line in lines
        ]
        if listed != lines:
            record.write_text("\n".join(listed) + "\n", "utf-8")


def link_copies(folder: Path, pattern: str) -> None:
    """Put links, which a wheel cannot hold, in place of its copies of one library."""
    *copies, whole = sorted(folder.glob(pattern)) or [folder]
    for copy in copies:
        remove(copy)
        copy.symlink_to(whole.name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
