"""The operator's handle on a service that runs, by supervisord's RPC: more or fewer workers, restarts one by one."""

import contextlib
import time
import xmlrpc.client
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from supervisor.options import make_namespec
from supervisor.xmlrpc import SupervisorTransport

from triglot.errors import ConfigError
from triglot.supervision.supervisord import Plan, program_of, resized
from triglot.transport.discovery import scan

READY_S = 60.0


class Handle:
    """The supervisord of one run directory; raises `ConfigError` where none answers there."""

    def __init__(self, run_dir: Path) -> None:
        self._run_dir = run_dir

    def scale(self, plan: Plan, pool: str, environ: Mapping[str, str]) -> list[str]:
        """Have as many workers of a pool as the plan says; return their names once each can be asked.

        Those that stay are not touched; those that go drain.
        """
        conf = self._run_dir / "supervisord.conf"
        with self._supervisord() as rpc:
            rpc.supervisor.getState()  # before anything is written
            half = conf.with_suffix(".new")
            half.write_text(resized(conf.read_text("utf-8"), plan, pool, environ), "utf-8")
            half.replace(conf)
            if plan.workers[pool] or self._names(rpc, pool):
                rpc.triglot.resize(program_of(pool))
            names = self._names(rpc, pool)
        self._wait(dict.fromkeys(names, ""))
        return names

    def restart(self, pool: str) -> Iterator[str]:
        """Restart the workers of a pool one after the other; yield the name of each that can be asked again."""
        with self._supervisord() as rpc:
            for name in self._names(rpc, pool):
                process = make_namespec(program_of(pool), name)
                old = scan(self._run_dir).get(name)
                with contextlib.suppress(xmlrpc.client.Fault):  # it is not running, which is what is wanted
                    rpc.supervisor.stopProcess(process)
                rpc.supervisor.startProcess(process)
                self._wait({name: old.incarnation if old else ""})
                yield name

    def renew(self, program: str) -> None:
        """Have one program restart, by its name as supervisorctl has it, and wait for nothing: it may be the caller."""
        with self._supervisord() as rpc:
            rpc.triglot.restart(program)

    @contextlib.contextmanager
    def _supervisord(self) -> Iterator[Any]:
        socket = self._run_dir / "supervisor.sock"
        transport = SupervisorTransport(None, None, f"unix://{socket}")
        try:
            with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport) as rpc:
                yield rpc
        except xmlrpc.client.Fault as error:
            raise ConfigError(f"supervisord refuses: {error.faultString}") from None
        except OSError as error:
            raise ConfigError(
                f"no service answers in {str(self._run_dir)!r} ({error.strerror or error}); start one: triglot serve"
            ) from None

    def _names(self, rpc: Any, pool: str) -> list[str]:
        found = rpc.supervisor.getAllProcessInfo()
        return [str(info["name"]) for info in found if info["group"] == program_of(pool)]

    def _wait(self, before: Mapping[str, str]) -> None:
        """Return once each of these workers has announced itself as another process than it was before."""
        deadline = time.monotonic() + READY_S
        while True:
            known = scan(self._run_dir)
            late = [name for name, old in before.items() if name not in known or known[name].incarnation == old]
            if not late:
                return
            if time.monotonic() > deadline:
                raise ConfigError(f"{', '.join(late)}: not ready within {READY_S:g} s; the log of the service says why")
            time.sleep(0.05)
