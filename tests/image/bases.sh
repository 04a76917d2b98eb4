#!/usr/bin/env bash
# Makes a stand-in for debian:RELEASE-slim of this machine's own archive, for engines that can pull nothing.
#
#   tests/image/bases.sh RELEASE ARCHIVE
#
# What this machine alone needs to reach its mirrors, its certificates and pip's settings, is in the stand-in and in no
# Dockerfile.
set -euo pipefail

release=${1:?usage: bases.sh RELEASE ARCHIVE}
archive=${2:?usage: bases.sh RELEASE ARCHIVE}
work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT

printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n' >"$work/pip.conf"
excluded=()
for folder in doc info lintian locale man; do excluded+=("--dpkgopt=path-exclude=/usr/share/$folder/*"); done
mirrors=()
if [[ -d /usr/local/share/ca-certificates ]]; then
    mirrors+=("--customize-hook=copy-in /usr/local/share/ca-certificates /usr/local/share")
fi
# shellcheck disable=SC2016  # $1 is meant for mmdebstrap's hooks
mmdebstrap --quiet --variant=minbase --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
    --include=ca-certificates,usr-is-merged "${excluded[@]}" "${mirrors[@]}" \
    --customize-hook='chroot "$1" update-ca-certificates' \
    --customize-hook="upload $work/pip.conf /etc/pip.conf" \
    --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/* "$1"/var/log/*' \
    "$release" "$work/root.tar" 2>"$work/log" || {
    tail -5 "$work/log" >&2
    exit 1
}
mv "$work/root.tar" "$archive"
