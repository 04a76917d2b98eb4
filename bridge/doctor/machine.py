"""The machine: the port of the service, room on its disks, and its clock."""

import contextlib
import shutil
import socket
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import triglot
from triglot.doctor.finding import Finding
from triglot.supervision.supervisord import FrontEnd, has_no_address, why_not_bound

SCARCE_BYTES = 200 * 2**20
TOO_SCARCE_BYTES = 20 * 2**20
CLOCKS_DIFFER = timedelta(minutes=5)  # between hosts that share a store


def port(front_end: FrontEnd, run_dir: Path) -> Finding:
    """Return whether the service could listen where it is to, or does so already."""
    host, number = front_end.host, front_end.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, number), family=family).close()
    except OSError as error:
        if _serves(run_dir):
            return Finding("port", "ok", f"{host}:{number}, where the service of this run directory listens")
        why = why_not_bound(error)
        other = "--host" if has_no_address(error) else f"--port {number + 1}"
        advice = f"choose another: triglot serve {other}"
        return Finding("port", "warn", f"{host}:{number}: {why}", advice=advice)
    return Finding("port", "ok", f"{host}:{number} is free")


def disk(folders: Iterable[Path], scarce: int = SCARCE_BYTES, too_scarce: int = TOO_SCARCE_BYTES) -> Iterator[Finding]:
    """Yield how much room there is where something will be written; one finding a disk."""
    by_disk: dict[int, list[Path]] = {}
    for folder in folders:
        there = _existing(folder)
        by_disk.setdefault(there.stat().st_dev, []).append(there)
    for places in by_disk.values():
        free = shutil.disk_usage(places[0]).free
        found = f"{free / 2**20:,.0f} MiB free for {', '.join(dict.fromkeys(map(str, places)))}"
        if free >= scarce:
            yield Finding("disk", "ok", found)
        else:
            advice = "free some: models, sockets and the building of rpy2 need room (python -m pip cache purge)"
            yield Finding("disk", "fail" if free < too_scarce else "warn", found, advice=advice)


def clock(newest: datetime | None, now: datetime | None = None) -> Finding:
    """Return whether the time of this machine can be right: later than what has been written already."""
    now = now or datetime.now(UTC)
    code = datetime.fromtimestamp(Path(triglot.__file__).stat().st_mtime, UTC)
    known = {"Triglot's own files were written": code} | ({"a version was stored": newest} if newest else {})
    for what, then in known.items():
        if now + CLOCKS_DIFFER < then:
            found = f"it is {_minute(now)} here, and {what} at {_minute(then)}"
            return Finding("clock", "warn", found, advice="set the clock, for example: sudo timedatectl set-ntp true")
    return Finding("clock", "ok", f"{_minute(now)}")


def places(run_dir: Path, store: Path | None) -> list[Path]:
    """Return the folders that are written to."""
    return [run_dir, Path(tempfile.gettempdir()), *([store] if store else [])]


def _serves(run_dir: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
        return probe.connect_ex(str(run_dir / "supervisor.sock")) == 0
    return False


def _existing(path: Path) -> Path:
    path = path.absolute()
    return next(place for place in (path, *path.parents) if place.is_dir())


def _minute(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
