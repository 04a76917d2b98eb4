"""What the active versions were fitted with, against what is here now."""

import platform
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from triglot.doctor.asking import by_script
from triglot.doctor.finding import Finding
from triglot.errors import TriglotError
from triglot.languages.julia import julia_executable
from triglot.languages.known import language_name
from triglot.languages.r import r_executable
from triglot.languages.remedy import installed
from triglot.persister import ACTIVE, Persister, VersionInfo

# What a manifest's `runtime` says beside the versions of packages.
_NOT_PACKAGES = ("language", "attached")
LARGEST_BYTES = 256 * 2**20  # of a version that is read for its signature alone


def active(versions: Iterable[VersionInfo]) -> list[VersionInfo]:
    """Return the versions that are served."""
    return [info for info in versions if ACTIVE in info.aliases]


def newest(versions: Iterable[VersionInfo]) -> datetime | None:
    """Return when the newest version was stored."""
    return max((info.created for info in versions), default=None)


def look(versions: Iterable[VersionInfo], environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield, for each active version, whether it finds here what it was fitted with."""
    for info in active(versions):
        then = _runtime(info)
        packages = [name for name in then if name not in _NOT_PACKAGES]
        here = _here(info.language, packages, environ)
        if here is not None:
            yield _compared(info, then, here, packages)


def signed(store: Persister, versions: Iterable[VersionInfo], key: bytes) -> Iterator[Finding]:
    """Yield the active versions that this key has not signed: no worker would load them."""
    for info in active(versions):
        try:
            if info.size <= LARGEST_BYTES:
                store.read(info.model, info.version).artefact.verified(key)
        except TriglotError as error:
            yield Finding("signature", "fail", f"{_title(info)}: {error}")


def _compared(info: VersionInfo, then: Mapping[str, str], here: Mapping[str, str], packages: list[str]) -> Finding:
    language = language_name(info.language)
    missing = [name for name in packages if name not in here]
    changed = [
        f"{language if name == 'language' else name} {then[name]} then, {here[name]} here"
        for name in ("language", *packages)
        if name in here and name in then and here[name] != then[name]
    ]
    title = _title(info)
    if missing:
        needs = ", ".join(f"{name} {then[name]}" for name in missing)
        return Finding(
            "versions",
            "warn",
            f"{title} was fitted with {needs}, not found beside it here",
            advice=_install(info, missing),
        )
    if changed:
        advice = f"fit it again: triglot fit {info.model}"
        return Finding("versions", "warn", f"{title}: {'; '.join(changed)}", advice=advice)
    return Finding(
        "versions", "ok", f"{title}: {language} {then.get('language', '')} and its packages are as they were"
    )


def _install(info: VersionInfo, packages: list[str]) -> str:
    if info.language == "python":
        return f"python -m pip install {' '.join(packages)}"
    return (
        f"install them beside {language_name(info.language)}; nothing is amiss where the model has a library of its own"
    )


def _here(language: str, packages: list[str], environ: Mapping[str, str]) -> dict[str, str] | None:
    """Return the versions of the language and of packages here; None where the language is not here."""
    if language == "python":
        return {"language": platform.python_version(), **installed(packages)}
    find = {"julia": julia_executable, "r": r_executable}.get(language)
    program = find(environ) if find else None
    if program is None:
        return None
    if language == "r":
        program = program.with_name("Rscript")
    found = by_script(language, program, packages, environ)
    return {**found, "language": found["(language)"]} if found else None


def _runtime(info: VersionInfo) -> dict[str, str]:
    found = info.card.get("runtime")  # of a version that was not checked for more than being there
    return {str(name): str(version) for name, version in found.items()} if isinstance(found, Mapping) else {}


def _title(info: VersionInfo) -> str:
    return f"{info.model} version {info.version}"
