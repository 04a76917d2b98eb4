#!/usr/bin/env bash
# Installs those of the named Debian packages that are missing; without the rights to, says what to run and fails.
#
#   scripts/ensure_apt.sh [--available] PACKAGE...
#
# With --available each package stands for itself: one that this release does not have, or that cannot be installed,
# is named and left out, and the others are installed.
set -euo pipefail

available=
if [[ ${1:-} == --available ]]; then
    available=yes
    shift
fi

missing=()
for package in "$@"; do
    state=$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null) || state=absent
    [[ $state == installed ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

if ! command -v apt-get >/dev/null; then
    echo "install what Debian calls ${missing[*]}" >&2
    exit 1
fi

# lacking: those of `missing` that the lists of packages do not have; nothing where there are no lists.
lacking() {
    local package
    compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null || return 0
    for package in "${missing[@]}"; do
        grep --quiet 'Candidate: [^(]' < <(LC_ALL=C apt-cache policy "$package") || echo "$package"
    done
}

# leave_out PACKAGE...: takes them out of `missing`, each named with the reason.
leave_out() {
    local package left=()
    for package in "${missing[@]}"; do
        if [[ " $* " == *" $package "* ]]; then echo "$package is not in this release: left out"; else left+=("$package"); fi
    done
    missing=("${left[@]}")
    ((${#missing[@]})) || exit 0
}

if ((EUID != 0)); then
    # shellcheck disable=SC2046  # a word a package
    [[ -z $available ]] || leave_out $(lacking)
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
install=("${apt[@]}" install --yes --no-install-recommends)

if "${install[@]}" "${missing[@]}" &>/dev/null; then exit 0; fi
"${apt[@]}" update # the lists may be absent, or older than the mirror
if [[ -z $available ]]; then
    "${install[@]}" "${missing[@]}" >/dev/null
    exit
fi
# shellcheck disable=SC2046  # a word a package
leave_out $(lacking)
if "${install[@]}" "${missing[@]}" &>/dev/null; then exit 0; fi
for package in "${missing[@]}"; do
    "${install[@]}" "$package" >/dev/null || echo "$package cannot be installed: left out"
done
