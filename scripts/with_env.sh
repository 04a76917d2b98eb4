#!/usr/bin/env bash
# Runs a command with .venv first on PATH and with the interpreters that set-up recorded.
#
#   scripts/with_env.sh COMMAND...
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
while IFS= read -r setting; do export "${setting?}"; done <"$root/.venv/triglot.env"
unset PYTHONDONTWRITEBYTECODE # compiling every library anew takes several times as long as starting
export PATH="$root/.venv/bin:$PATH"
exec "$@"
