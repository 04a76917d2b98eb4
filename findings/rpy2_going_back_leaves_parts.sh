#!/usr/bin/env bash
# Going back from rpy2 3.6 to 3.5.17, the last for R before 4.5, leaves an rpy2 that cannot be imported, and pip finds
# nothing wrong with it.
#
# Versions: rpy2 3.6.9 (which brings rpy2-rinterface 3.6.7 and rpy2-robjects 3.6.6) and rpy2 3.5.17; any R, a C compiler.
# Behaviour: since 3.6 the folders rpy2/rinterface and rpy2/robjects belong to distributions of their own. 3.5.17 does not
#   name these, so `pip install rpy2==3.5.17` keeps them; the package rpy2/rinterface/ of 3.6 then hides the module
#   rpy2/rinterface.py of 3.5, over files of rinterface_lib that are 3.5's.
# Seen: three distributions stay installed, `pip check` says "No broken requirements found." and exits with 0, and
#   `import rpy2.rinterface` ends with "ImportError: cannot import name ... from 'rpy2.rinterface_lib.sexp'".
# What helps: pip uninstall rpy2 rpy2-rinterface rpy2-robjects, before the older one is installed.
#
# Exits with 0 while this is so, with 1 once it has changed.
set -euo pipefail

work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
R_HOME=$(R RHOME)
export R_HOME
python3 -m venv "$work/venv"
pip=("$work/venv/bin/python" -m pip --disable-pip-version-check)

"${pip[@]}" install --quiet --no-compile rpy2==3.6.9 rpy2-rinterface==3.6.7 rpy2-robjects==3.6.6
"${pip[@]}" install --quiet --no-compile rpy2==3.5.17

"${pip[@]}" list --format freeze | grep rpy2 | tee "$work/installed"
"${pip[@]}" check
"$work/venv/bin/python" -c 'import rpy2.rinterface' 2>&1 | tail -1 >"$work/said" || true
cat "$work/said"

grep --quiet '^rpy2==3.5.17$' "$work/installed"
grep --quiet '^rpy2-rinterface==3.6.7$' "$work/installed"
grep --quiet "ImportError: cannot import name .* from 'rpy2.rinterface_lib" "$work/said"
