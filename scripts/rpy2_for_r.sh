#!/usr/bin/env bash
# Prints the version of rpy2 for an R: 3.6 needs what R has since 4.5, and 3.5.17 is the last for R before that.
#
#   scripts/rpy2_for_r.sh R_HOME
set -euo pipefail

version=$("${1:?usage: rpy2_for_r.sh R_HOME}/bin/R" --version | sed -n 's/^R version \([0-9.]*\).*/\1/p')
[[ -n $version ]]
if printf '4.5\n%s\n' "$version" | sort --version-sort --check=quiet; then echo 3.6.9; else echo 3.5.17; fi
