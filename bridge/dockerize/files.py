"""The files that an application's images are built from: three Dockerfiles and one or two archives, always the same
bytes for the same folder."""

import gzip
import io
import tarfile
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from triglot.dockerize.application import Application
from triglot.dockerize.names import check_image

APP, PREDICT, FIT = "Dockerfile-app", "Dockerfile-predict", "Dockerfile-fit"
APP_ARCHIVE, DEPENDENCY_ARCHIVE = "app.tar.gz", "dependencies.tar.gz"
USER = 10001
_DATE = 315_619_200  # the second day of 1980: zip files, which wheels are, know nothing before that year
_RESTORERS = ("restore.R", "restore.jl")


def contents(application: Application, base: str, name: str) -> dict[str, bytes]:
    """Return the files by name: everything that `docker build` needs for the three images."""
    check_image(base, digest=True)
    check_image(name)
    texts = {APP: _app(application, base), PREDICT: _predict(name), FIT: _fit(name)}
    found = {file: ("\n".join(lines) + "\n").encode() for file, lines in texts.items()}
    found[APP_ARCHIVE] = archive(application.folder, application.files())
    if application.dependencies or application.julia:
        extra = {restorer: (files("triglot.dockerize") / restorer).read_bytes() for restorer in _RESTORERS}
        found[DEPENDENCY_ARCHIVE] = archive(application.folder, application.dependency_files(), extra)
    return found


def archive(folder: Path, paths: Iterable[Path], extra: dict[str, bytes] | None = None) -> bytes:
    """Return a compressed tar of these paths and of these contents, without dates, owners and other traces."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path in paths:
            entry = _anonymous(tar.gettarinfo(path, str(path.relative_to(folder))))
            if entry.isreg():
                with path.open("rb") as file:
                    tar.addfile(entry, file)
            else:
                tar.addfile(entry)
        for name, data in sorted((extra or {}).items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(_anonymous(entry), io.BytesIO(data))
    return gzip.compress(packed.getvalue(), mtime=0)


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = USER
    entry.uname = entry.gname = ""
    entry.mtime = _DATE
    # everybody may read, since another user serves; only the owner may write
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    return entry


def _app(application: Application, base: str) -> list[str]:
    lines = ["# The application on its base, made by `triglot dockerize`."]
    if application.r:
        lines += [
            f"FROM {base} AS r-library",
            "USER 0:0",
            "# hadolint ignore=DL3008",
            "RUN apt-get update && apt-get install -y --no-install-recommends r-base-dev",
            f"ADD {DEPENDENCY_ARCHIVE} /build/",
            "WORKDIR /build",
            "RUN Rscript restore.R /opt/r-library",
            f"USER {USER}:{USER}",
            "",
        ]
    lines += [f"FROM {base}", "USER 0:0"]
    if application.dependencies or application.julia:
        lines += [f"ADD {DEPENDENCY_ARCHIVE} /opt/dependencies/"]
    pip = "pip install --no-cache-dir --use-pep517"
    lines += _run(
        f"{pip} --requirement /opt/dependencies/requirements.txt" if application.requirements else "",
        f"{pip} /opt/dependencies/python_packages/*.*" if application.python_packages else "",
    )
    if application.r:
        lines += ["COPY --from=r-library /opt/r-library /opt/r-library", "ENV R_LIBS=/opt/r-library"]
    lines += [f"ADD --chown={USER}:{USER} {APP_ARCHIVE} /app/"]
    restore = '"$JULIA_EXE" --startup-file=no --project=/app /opt/dependencies/restore.jl'
    lines += _run(
        f"{pip} /app" if application.installable else "",
        f"JULIA_DEPOT_PATH=/opt/julia-depot: {restore}" if application.julia else "",
    )
    return [*lines, f"USER {USER}:{USER}", f"ENV TRIGLOT_CONFIG=/app/{application.config}"]


def _run(*commands: str) -> list[str]:
    """Return one instruction that runs these commands, leaving out those that are empty."""
    wanted = [command for command in commands if command]
    return ["RUN " + " \\\n    && ".join(wanted)] if wanted else []


def _predict(name: str) -> list[str]:
    # The key is there while the model is fitted, and in no layer. A write-ahead log could not be read where nothing can
    # be written, so the store that stays in the image has none.
    return [
        "# The application with its model in it: fitted while the image is built, served when it runs.",
        f"FROM {name}",
        "USER 0:0",
        f"RUN install --directory --owner {USER} --group {USER} /model",
        f"USER {USER}:{USER}",
        "ENV TRIGLOT_STORE=sqlite:////model/triglot.db",
        f"RUN --mount=type=secret,id=signing_key,uid={USER},mode=0400,required=true "
        "TRIGLOT_SIGNING_KEY_FILE=/run/secrets/signing_key triglot fit \\",
        "    && if [ -e /model/triglot.db ]; then python -c 'import sqlite3; "
        'sqlite3.connect("/model/triglot.db").execute("PRAGMA journal_mode = DELETE")\'; fi',
    ]


def _fit(name: str) -> list[str]:
    return [
        "# The application's fit: it writes a version into the model store and ends.",
        f"FROM {name}",
        'CMD ["triglot", "fit"]',
        "HEALTHCHECK NONE",
    ]
