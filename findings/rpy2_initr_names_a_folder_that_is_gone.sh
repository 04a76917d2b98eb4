#!/usr/bin/env bash
# rpy2's initr() leaves in os.environ the temporary folder of an R that has already ended.
#
# Versions: rpy2 3.5.17 for R before 4.5, rpy2 3.6.9 from R 4.5 on; a C compiler.
# Behaviour: before it starts R within the process, initr() runs Rscript and copies the environment that it sees there.
#   Among that is R_SESSION_TMPDIR, the folder of that second R's session, which is removed when it ends.
# Seen: os.environ["R_SESSION_TMPDIR"] names a folder that does not exist, and is not tempdir() of the R that runs.
#
# Exits with 0 while this is so, with 1 once it has changed.
set -euo pipefail

work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
R_HOME=$(R RHOME)
export R_HOME LC_ALL=C.UTF-8
python3 -m venv "$work/venv"
version=$("$R_HOME/bin/R" --version | sed -n 's/^R version \([0-9.]*\).*/\1/p')
rpy2=(rpy2==3.6.9 rpy2-rinterface==3.6.7 rpy2-robjects==3.6.6)
printf '4.5\n%s\n' "$version" | sort --version-sort --check=quiet || rpy2=(rpy2==3.5.17)
"$work/venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-compile "${rpy2[@]}"

"$work/venv/bin/python" - <<'PYTHON'
import os

from rpy2 import rinterface

rinterface.initr()
told = os.environ.get("R_SESSION_TMPDIR")
(own,) = rinterface.baseenv["tempdir"]()
print(f"os.environ: {told}, is there: {bool(told) and os.path.isdir(told)}; tempdir() of this R: {own}")
raise SystemExit(0 if told and told != own and not os.path.isdir(told) else 1)
PYTHON
