#!/usr/bin/env bash
# Builds the images: triglot:latest with all three languages, triglot:python, triglot:r and triglot:julia.
#
#   docker/build.sh [OPTION...]        options go to every docker build, e.g. --network host
#
# Settings: DOCKER (Docker's command), IMAGE (the name before the colon).
set -euo pipefail
cd "$(dirname "$0")/.."

export DOCKER_BUILDKIT=1
for tag in python r julia latest; do
    target=$tag
    [[ $tag != latest ]] || target=all
    "${DOCKER:-docker}" build "$@" --file docker/Dockerfile --target "$target" --tag "${IMAGE:-triglot}:$tag" .
done
