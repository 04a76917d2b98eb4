"""The author's files: collected at fit, stored with the version, laid out again where they are needed.

A version keeps the text of the files that it was fitted with, so that editing a script never changes or breaks
a version that is already stored, and a worker on another host needs no copy of the author's folder. Files that a
script reads, which its author declares, are among them as base64; `files` of a spec names these.
"""

import base64
import binascii
import hashlib
import json
import os
import re
import shutil
import tempfile
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from triglot.errors import BadRequest
from triglot.languages import known

MAX_BYTES = 4 * 2**20  # of an author's code, and of the files that it reads
_PROJECTS = ("JuliaProject.toml", "Project.toml")
_MANIFEST = re.compile(r"(Julia)?Manifest(-v\d+\.\d+)?\.toml")  # those of one version are Julia's since 1.10.8
_LEFT_OUT = (".", "__", "renv")  # hidden, caches, and what renv installed


def collect(language: str, script: Path, root: Path | None = None) -> dict[str, str]:
    """Return the text of `script` and of the files of its language in `root` (its own folder), by relative name.

    Hidden folders and libraries are left out; of a language that has no suffix here it is the script alone. Raises
    `BadRequest` where the script is missing, is not UTF-8, or the folder holds more than 4 MiB of such files.
    """
    if not script.is_file():
        raise BadRequest(f"there is no file {str(script)!r}; the script's path is relative to the working directory")
    root = root or script.parent
    suffixes = known.language(language).suffixes if language in known.LANGUAGES else frozenset[str]()
    sources: dict[str, str] = {}
    size = 0
    for folder, subfolders, files in os.walk(root):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith(_LEFT_OUT))
        for name in sorted(files):
            path = Path(folder, name)
            if path.suffix not in suffixes and path != script:
                continue
            try:
                text = path.read_text("utf-8")
            except UnicodeDecodeError:
                if path != script:
                    continue
                raise BadRequest(f"{str(script)!r} is not UTF-8; save it as UTF-8") from None
            size += len(text)
            if size > MAX_BYTES:
                raise BadRequest(
                    f"the folder of {str(script)!r} holds more than {MAX_BYTES // 2**20} MiB of {language} files; "
                    "put the model's files in a folder of their own"
                )
            sources[path.relative_to(root).as_posix()] = text
    return sources


def collect_files(names: Collection[str], script: Path, root: Path) -> dict[str, str]:
    """Return the declared files beside a script as base64, by their names relative to `root`.

    Raises `BadRequest` for a name that leads away from the script's folder or to no file, and for more than 4 MiB.
    """
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise BadRequest(f"files: {names!r} must be a list of the names of files beside the script")
    found: dict[str, str] = {}
    size = 0
    for name in names:
        content = _declared(name, script)
        size += len(content)
        if size > MAX_BYTES:
            raise BadRequest(
                f"files: they hold more than {MAX_BYTES // 2**20} MiB with {name!r}; read large data where the model "
                "is fitted, and keep what predictions need of them in the model"
            )
        found[(script.parent / name).relative_to(root).as_posix()] = base64.b64encode(content).decode()
    return found


def _declared(name: str, script: Path) -> bytes:
    relative = PurePosixPath(name)
    if not relative.parts or relative.is_absolute() or ".." in relative.parts:
        raise BadRequest(f"files: {name!r} does not lie beside the script; name it relative to {str(script.parent)!r}")
    path = script.parent / relative
    if not path.is_file():
        what = "is a folder; name the files in it" if path.is_dir() else "is not there"
        raise BadRequest(f"files: {name!r} {what}; names are relative to {str(script.parent)!r}")
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def declared_files(spec: Mapping[str, Any], sources: Mapping[str, str]) -> tuple[str, ...]:
    """Return which of the sources are files that the author's code reads; raises `BadRequest` where one is missing."""
    names = spec.get("files") or []
    if not isinstance(names, list) or not all(isinstance(name, str) and name in sources for name in names):
        raise BadRequest(f"files: {names!r} must be a list of names that are among the model's files")
    return tuple(names)


def collect_project(script: Path) -> tuple[Path, dict[str, str]]:
    """Return a folder, and the text of a Julia script, of its project and of the packages that this has by path.

    The names are relative to the folder: the project's own, or the one above it and all packages that lie elsewhere.
    """
    root = project_root(script)
    packages = [folder for folder in _packages_by_path(root) if not folder.is_relative_to(root)]
    for folder in packages:
        if root.is_relative_to(folder):
            raise BadRequest(f"a manifest of {str(root)!r} names {str(folder)!r}, which it lies in itself; move it")
        if project_file(folder) is None:
            raise BadRequest(f"a manifest of {str(root)!r} names {str(folder)!r}, where there is no Project.toml")
    base = Path(os.path.commonpath([root, *packages]))
    sources = {}
    for folder in (root, *packages):
        start = script if folder == root else project_file(folder) or script
        for name, text in collect("julia", start, folder).items():
            sources[(folder / name).relative_to(base).as_posix()] = text
    return base, sources


def located(language: str, script: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return where an author's script lies, as a spec says it, and its text and that of the files of its language.

    It is found from the working directory; raises `BadRequest` like `collect`.
    """
    path = Path(script).absolute()
    folder, sources = collect_project(path) if language == "julia" else (path.parent, collect(language, path))
    return {"script": path.relative_to(folder).as_posix(), "folder": str(folder)}, sources


def _packages_by_path(root: Path) -> list[Path]:
    """Return the folders that a project's manifests name by a path relative to it.

    Which of them a Julia reads depends on its version, and any worker's may read this one.
    """
    named = {
        path
        for manifest in sorted(root.glob("*.toml"))
        if _MANIFEST.fullmatch(manifest.name)
        for path in _paths(manifest)
    }
    return sorted({Path(os.path.normpath(root / path)) for path in named if not path.is_absolute()})


def _paths(manifest: Path) -> list[Path]:
    try:
        content = tomllib.loads(manifest.read_text("utf-8"))
    except ValueError as error:
        raise BadRequest(f"{str(manifest)!r} is not TOML: {error}") from None
    # since Julia 1.7 the packages are in a table of their own
    entries = content.get("deps") if "manifest_format" in content else content
    return [
        Path(package["path"])
        for versions in (entries or {}).values()
        if isinstance(versions, list)
        for package in versions
        if "path" in package
    ]


def project_root(script: Path) -> Path:
    """Return the folder of the project that the script belongs to: its own or the one above, else its own."""
    for folder in (script.parent, script.parent.parent):
        if project_file(folder) is not None:
            return folder
    return script.parent


def project_file(folder: Path) -> Path | None:
    """Return the file that makes a folder a project, as Julia looks for it, or None where there is none."""
    return next((folder / name for name in _PROJECTS if (folder / name).is_file()), None)


def fingerprint(sources: Mapping[str, str]) -> str:
    """Return 16 hexadecimal digits that stand for exactly these files."""
    canonical = json.dumps(dict(sources), sort_keys=True).encode()
    return hashlib.sha256(canonical).hexdigest()[:16]


def lay_out(sources: Mapping[str, str], folder: str, scratch: Path, files: Collection[str] = ()) -> Path:
    """Return a folder that holds exactly these sources: `folder` itself while it does, else a copy in `scratch`.

    With declared `files` it is always a copy: the author's own may change while a version is served, and what is read
    beside them without being declared is missed at the fit already.
    """
    original = Path(folder)
    if folder and not files and all(_reads(original / name, text) for name, text in sources.items()):
        return original
    copy = scratch / f"sources-{fingerprint(sources)}"
    if not copy.exists():
        scratch.mkdir(parents=True, exist_ok=True)
        half = Path(tempfile.mkdtemp(dir=scratch))
        try:
            _write(sources, half, files)
            half.rename(copy)
        except OSError:  # another worker was quicker
            if not copy.exists():
                raise
        finally:
            shutil.rmtree(half, ignore_errors=True)
    return copy


def _write(sources: Mapping[str, str], folder: Path, files: Collection[str]) -> None:
    for name, text in sources.items():
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise BadRequest(f"a source file may not lie outside the model's folder: {name!r}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_content(name, text) if name in files else text.encode())


def _content(name: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest(f"files: {name!r} is not in base64") from None


def _reads(path: Path, text: str) -> bool:
    try:
        return path.read_text("utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False
