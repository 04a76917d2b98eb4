#!/usr/bin/env bash
# Succeeds when a Julia starts and survives an exception: beside the wrong libunwind it starts, and dies at the first.
#
#   scripts/julia_works.sh JULIA
exec "$1" --startup-file=no -e 'attempt() = try error("caught") catch; end; attempt()' >/dev/null 2>&1
