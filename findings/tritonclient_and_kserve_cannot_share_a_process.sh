#!/usr/bin/env bash
# Two clients of the Open Inference Protocol cannot be imported by one Python process: tritonclient's gRPC and KServe's.
#
# Versions: tritonclient 2.73.0 and kserve 0.21.0, with the protobuf that both ask for (6.33.6).
# Behaviour: both carry messages made of the protocol's own description, in the package `inference` that it names, under
#   different names of files. protobuf keeps one pool of descriptions a process and refuses a second file that has the
#   same symbols.
# Seen: importing tritonclient.grpc and then kserve ends in TypeError, "Couldn't build proto file into descriptor pool:
#   duplicate symbol 'inference.ServerLiveRequest'"; each alone is imported. tritonclient.http beside kserve is fine. Who
#   compares the two clients, or moves from one to the other, needs a process for each.
#
# Exits with 0 while this is so, with 1 once it has changed.
set -euo pipefail

work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/python" -m pip --quiet --disable-pip-version-check install 'tritonclient[grpc,http]==2.73.0' kserve==0.21.0 protobuf==6.33.6
run() { { "$work/env/bin/python" -W ignore -c "$1" 2>&1 || true; } | tail -n 1; }
together=$(run "import tritonclient.grpc, kserve; print('imported')")
alone=$(run "import tritonclient.grpc; print('imported')")/$(run "import kserve; print('imported')")
http=$(run "import tritonclient.http, kserve; print('imported')")
"$work/env/bin/python" -c "
from importlib.metadata import version
print(*(f'{name} {version(name)}' for name in ('tritonclient', 'kserve', 'protobuf')))"
printf 'together: %s\nalone: %s\nover HTTP: %s\n' "$together" "$alone" "$http"
[[ $together == *"duplicate symbol 'inference.ServerLiveRequest'"* && $alone == imported/imported && $http == imported ]]
