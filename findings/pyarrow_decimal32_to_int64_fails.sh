#!/usr/bin/env bash
# Arrow cannot cast the smallest decimals to 64-bit integers: whatever the value, it is said to be out of bounds.
#
# Versions: pyarrow 26.0.1, Python 3.11 or later.
# Behaviour: `cast(pa.int64())` of decimal32(9, 0) fails for every value; the same value as decimal64 casts, and so does
#   decimal32 to int32.
# Seen: for 1, "ArrowInvalid: Integer value out of bounds".
#
# Exits with 0 while this is so, with 1 once it has changed.
set -euo pipefail

work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-compile pyarrow==26.0.1

"$work/venv/bin/python" - <<'PYTHON'
from decimal import Decimal

import pyarrow as pa

one = pa.array([Decimal(1)], pa.decimal32(9, 0))
try:
    print(one.cast(pa.int64()))
    said = ""
except pa.ArrowInvalid as error:
    said = str(error)
    print("decimal32(9, 0) to int64:", said)
print("decimal64(9, 0) to int64:", pa.array([Decimal(1)], pa.decimal64(9, 0)).cast(pa.int64()).to_pylist())
print("decimal32(9, 0) to int32:", one.cast(pa.int32()).to_pylist())
assert "out of bounds" in said
PYTHON
