"""A hook that counts what a worker reads and makes, and leaves the sums in the run directory when nobody asks."""

import json
import os
from pathlib import Path

from triglot.hooks import Hook


class Counts(Hook):
    """Messages, the requests in them, and the calls that answered them."""

    def __init__(self):
        self._counts = dict.fromkeys(("messages", "requests", "calls"), 0)
        self._told = 0
        self._file = Path(os.environ["TRIGLOT_DEMO_RUN"], f"counts-{os.getpid()}.json")

    def message_received(self, request):
        self._counts["messages"] += 1
        self._counts["requests"] += len(request.ids)

    def call_begun(self, call):
        self._counts["calls"] += call.op == "predict"

    def worker_idle(self):
        now = sum(self._counts.values())
        if now != self._told:
            self._told = now
            self._file.write_text(json.dumps(self._counts))
