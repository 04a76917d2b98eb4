"""The commands of findings, run one after the other; each is printed before."""

import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from typing import TextIO

from triglot.doctor.asking import said
from triglot.doctor.finding import Finding
from triglot.languages.remedy import Command, pip


class Mender:
    """Runs each command once at most, with its output on `out`; what only root may do is left to root."""

    def __init__(self, environ: Mapping[str, str], out: TextIO) -> None:
        self._environ = environ
        self._out = out
        self._run: set[Command] = set()

    def mend(self, findings: Iterable[Finding]) -> bool:
        """Run the commands of what is not well; return whether there was anything to run."""
        before = len(self._run)
        for finding in findings:
            if finding.verdict in ("warn", "fail") and finding.commands:
                self._mend(finding)
        return len(self._run) > before

    def _mend(self, finding: Finding) -> None:
        if any(command.as_root for command in finding.commands) and os.geteuid():
            self._say(f"{finding.check}: only root may do this; run it yourself, then triglot doctor --fix again")
            return
        if (why := self._unreachable(finding.commands)) is not None:
            self._say(f"{finding.check}: nothing was changed, because pip gets no packages: {why}")
            return
        for command in finding.commands:
            if command not in self._run and not self._done(command):
                self._say(f"{finding.check}: that ended with an error; its own words are above")
                return

    def _done(self, command: Command) -> bool:
        self._run.add(command)
        self._say(f"$ {command}")
        environment = command.environment(self._environ)
        if command.as_root:
            environment["DEBIAN_FRONTEND"] = "noninteractive"
        try:
            done = subprocess.run(
                command.arguments, env=environment, stdin=subprocess.DEVNULL, stdout=self._out, stderr=subprocess.STDOUT
            )
            return done.returncode == 0
        except OSError as error:
            self._say(f"{command.arguments[0]}: {error.strerror}")
            return False

    def _say(self, line: str) -> None:
        print(line, file=self._out, flush=True)

    def _unreachable(self, commands: tuple[Command, ...]) -> str | None:
        """Return why the package to be installed cannot be had: nothing is uninstalled before that is known."""
        uninstalls = any("uninstall" in command.arguments for command in commands)
        last = commands[-1].arguments
        if not uninstalls or commands[-1] in self._run:
            return None
        with tempfile.TemporaryDirectory(prefix="triglot-") as folder:
            fetch = pip("download", "--quiet", "--no-deps", "--no-binary", "rpy2", "--dest", folder, last[-1])
            got, why = said(fetch.arguments, commands[-1].environment(self._environ))
        return why if got is None else None
