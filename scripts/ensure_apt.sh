#!/usr/bin/env bash
# Installs those of the named Debian packages that are missing; without the rights to, says what to run and fails.
#
#   scripts/ensure_apt.sh PACKAGE...
set -euo pipefail

missing=()
for package in "$@"; do
    state=$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null) || state=absent
    [[ $state == installed ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

if ! command -v apt-get >/dev/null; then
    echo "install what Debian calls ${missing[*]}" >&2
    exit 1
elif ((EUID != 0)); then
    echo "run: sudo apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
fi

# Two set-ups at once would refuse each other the package lists, for which apt itself does not wait.
exec 9>/run/triglot-apt.lock
flock 9

# A server that is installed for tests is not to listen on this machine by itself.
readonly policy=/usr/sbin/policy-rc.d
if ! [[ -e $policy ]]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
apt=(apt-get --quiet=2 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -o Acquire::Retries=2)
install=("${apt[@]}" install --yes --no-install-recommends "${missing[@]}")
if ! "${install[@]}" &>/dev/null; then
    "${apt[@]}" update # the lists may be absent, or older than the mirror
    "${install[@]}" >/dev/null
fi
