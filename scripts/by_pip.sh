#!/usr/bin/env bash
# What Python people do on a machine without R and Julia, as root of a Debian: pip, `triglot doctor --fix`, a fit in R.
# Once where there is no R for the extra `r` to be compiled with, and once where there is.
#
#   scripts/by_pip.sh FOLDER       where the virtual environments are made
set -euo pipefail
cd "$(dirname "$0")/.."

readonly folder=${1:?usage: by_pip.sh FOLDER}

# installed NAME WHAT: an environment with Triglot, mended until R and Julia answer in it.
installed() {
    python3 -m venv "$folder/$1"
    "$folder/$1/bin/python" -m pip install --quiet --no-compile "$2"
    "$folder/$1/bin/triglot" doctor --fix r julia
    (cd "$folder" && "$1/bin/triglot" new r "$1-model" && cd "$1-model" && "../$1/bin/triglot" fit --evaluate)
}

scripts/ensure_apt.sh python3-venv
installed plain .
installed extras '.[r,julia]'
