#!/usr/bin/env bash
# Numbers that cross between numpy and Arrow bring pandas into a process that never uses it.
#
# Versions: pyarrow 26.0.1 and numpy 2.4.6, with pandas 3.1.1 installed beside them.
# Behaviour: pyarrow.array of a numpy array, and to_numpy of an Arrow array, look whether what they are given is one of
#   pandas' kinds, and import pandas to be able to; where it is not installed they go without.
# Seen: `pandas` is in sys.modules after pyarrow.array(numpy.arange(3)), and after to_numpy of an Arrow array, and not
#   before. Arrays made of buffers (pyarrow.Array.from_buffers, numpy.frombuffer) do not. A process that only passes
#   numbers on pays half a second at its first one, and some 50 MB.
#
# Exits with 0 while this is so, with 1 once it has changed.
set -euo pipefail

work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/python" -m pip --quiet --disable-pip-version-check install pyarrow==26.0.1 numpy==2.4.6 pandas==3.1.1
"$work/env/bin/python" -c "
from importlib.metadata import version
print(*(f'{name} {version(name)}' for name in ('pyarrow', 'numpy', 'pandas')))"
# prints whether pandas is there before and after a line
seen() { "$work/env/bin/python" -c "
import sys, numpy as np, pyarrow as pa
given = pa.Array.from_buffers(pa.int64(), 3, [None, pa.py_buffer(np.arange(3))])
before = 'pandas' in sys.modules
$1
print(before, 'pandas' in sys.modules)"; }
array=$(seen "pa.array(np.arange(3))")
back=$(seen "given.to_numpy()")
buffers=$(seen "np.frombuffer(given.buffers()[1], np.int64)")
printf 'pyarrow.array: %s\nto_numpy: %s\nbuffers: %s\n' "$array" "$back" "$buffers"
[[ $array == "False True" && $back == "False True" && $buffers == "False False" ]]
