"""The build of an application's images by Docker's own command."""

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from triglot.dockerize.files import APP, FIT, PREDICT
from triglot.dockerize.names import suffixed
from triglot.errors import ConfigError

FILES = {"app": APP, "fit": FIT, "predict": PREDICT}


def image_of(name: str, kind: str) -> str:
    """Return the name of one of an application's images."""
    return name if kind == "app" else suffixed(name, kind)


def write(folder: Path, contents: Mapping[str, bytes]) -> list[Path]:
    """Write files into a folder, all or none of them; return their paths."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".dockerize-") as work:
        for name, data in contents.items():
            (Path(work) / name).write_bytes(data)
        for name in contents:
            (Path(work) / name).replace(folder / name)
    return [folder / name for name in contents]


@dataclass(frozen=True, slots=True)
class Engine:
    """Docker as a command: its program, the options of every build, its environment."""

    program: str = "docker"
    options: Sequence[str] = ()
    environ: Mapping[str, str] | None = None

    def need(self, base: str) -> None:
        """Return if the image is there or can be pulled; raises `ConfigError`."""
        if self._run("image", "inspect", base, quiet=True).returncode == 0:
            return
        pulled = self._run("pull", base, quiet=True)
        if pulled.returncode != 0:
            reason = pulled.stderr.strip().splitlines() or ["no reason given"]
            raise ConfigError(f"there is no base image {base!r} here, and it cannot be pulled: {reason[-1]}")

    def build(self, folder: Path, name: str, kind: str, key: bytes) -> None:
        """Build one image of an application from the files in a folder; the key is seen by its fit alone."""
        arguments = ["--file", str(folder / FILES[kind]), "--tag", image_of(name, kind), *self.options]
        with tempfile.NamedTemporaryFile(prefix="signing-", suffix=".key") as file:  # of mode 0600
            if kind == "predict":
                file.write(key)
                file.flush()
                arguments += ["--secret", f"id=signing_key,src={file.name}"]
            code = self._run("build", *arguments, str(folder)).returncode
        if code != 0:
            raise ConfigError(
                f"docker build of {image_of(name, kind)} failed with exit code {code}; its output says why"
            )

    def _run(self, *arguments: str, quiet: bool = False) -> "subprocess.CompletedProcess[str]":
        environ = {**(os.environ if self.environ is None else self.environ), "DOCKER_BUILDKIT": "1"}
        try:
            return subprocess.run(
                [self.program, *arguments],
                env=environ,
                stdin=subprocess.DEVNULL,
                capture_output=quiet,
                text=True,
                check=False,
            )
        except OSError as error:
            raise ConfigError(f"{self.program!r} cannot be run: {error.strerror}; install Docker, or use -d") from None
