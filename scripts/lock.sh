#!/usr/bin/env bash
# Prints requirements.lock: the newest versions that pyproject.toml allows, every one pinned. With `docs` it prints
# requirements-docs.lock, what the site needs beside these; with `dask` requirements-dask.lock, what the extra needs.
#
#   PYTHON=python3.11 scripts/lock.sh >requirements.lock
#   PYTHON=python3.11 scripts/lock.sh docs >requirements-docs.lock
#
# rpy2 is missing on purpose, because setup.sh chooses it to fit R; what it needs is pinned here.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work"
"$work/bin/python" >"$work/requirements" <<'PYTHON'
import tomllib

with open("pyproject.toml", "rb") as file:
    settings = tomllib.load(file)
project, groups = settings["project"], settings["dependency-groups"]
extras = project["optional-dependencies"]
wanted = [*project["dependencies"], *extras["postgres"], *groups["test"], *groups["lint"]]
for_building = [*settings["build-system"]["requires"], "cffi", "tzlocal"]
print(*wanted, *for_building, sep="\n")
PYTHON
pip=("$work/bin/python" -m pip --disable-pip-version-check)
pinned() {
    "${pip[@]}" list --format freeze | grep --invert-match '^pip==' |
        LC_ALL=C sort --ignore-case --field-separator = --key 1,1
}

if [[ -n ${1:-} ]]; then
    "$work/bin/python" - "$1" >"$work/further" <<'PYTHON'
import sys
import tomllib

with open("pyproject.toml", "rb") as file:
    settings = tomllib.load(file)
print(*(settings["dependency-groups"] | settings["project"]["optional-dependencies"])[sys.argv[1]], sep="\n")
PYTHON
    "${pip[@]}" install --quiet --no-compile --requirement "$work/further" --constraint requirements.lock
    case $1 in
    docs) echo "# What 'make docs' needs beside requirements.lock, pinned; made by 'make lock' from pyproject.toml's group docs." ;;
    *) echo "# What the extra $1 needs beside requirements.lock, pinned, for the tests; made by 'make lock' from pyproject.toml." ;;
    esac
    pinned | grep --invert-match --regexp '^setuptools==' | grep --invert-match --line-regexp --fixed-strings --file requirements.lock
    exit
fi
"${pip[@]}" install --quiet --no-compile --requirement "$work/requirements"

cat <<'HEADER'
# Every package of a development environment, pinned; they install on Python 3.11 to 3.14.
# Made by `make lock` from pyproject.toml, not by hand. rpy2 is chosen at set-up, to fit R.
HEADER
pinned
