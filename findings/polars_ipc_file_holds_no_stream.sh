#!/usr/bin/env bash
# An Arrow file that polars writes has no Arrow stream inside: whoever reads such a file as it arrives cannot read it.
#
# Versions: polars 2.1.0, read by pyarrow 26.0.1.
# Behaviour: by Arrow's description of its formats a file is a magic number, padding, a stream as it would travel by
#   itself, and a footer. DataFrame.write_ipc writes the magic number and the padding, and then a message whose first
#   bytes are no continuation marker with a length; its schema stands in the footer alone.
# Seen: behind the magic number polars has 04 00 00 00 f2 ff ff ff, pyarrow ff ff ff ff and a length. pyarrow reads
#   polars' file by its footer, and refuses the part behind the magic number ("Invalid flatbuffers message"); its own file
#   it reads both ways. A service that answers a body in pieces needs the whole of polars' file before the first row;
#   write_ipc_stream writes what can be read on the way.
#
# Exits with 0 while this is so, with 1 once it has changed.
set -euo pipefail

work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/python" -m pip --quiet --disable-pip-version-check install polars==2.1.0 pyarrow==26.0.1
"$work/env/bin/python" - <<'PYTHON'
import io
import sys

import polars as pl
import pyarrow as pa


def by_stream(file: bytes) -> str:
    try:
        return str(pa.ipc.open_stream(file[8:]).read_all().to_pydict())
    except OSError as error:
        return f"refused: {error}"


columns = {"a": [1.5, 2.5], "b": ["x", "y"]}
made = io.BytesIO()
pl.DataFrame(columns).write_ipc(made)
theirs = made.getvalue()
sink = pa.BufferOutputStream()
with pa.ipc.new_file(sink, pa.table(columns).schema) as writer:
    writer.write_table(pa.table(columns))
ours = sink.getvalue().to_pybytes()
found = {
    "polars by footer": str(pa.ipc.open_file(theirs).read_all().to_pydict()),
    "polars by stream": by_stream(theirs),
    "pyarrow by stream": by_stream(ours),
}
print("polars", pl.__version__, "pyarrow", pa.__version__, theirs[8:16].hex(" "), ours[8:16].hex(" "), found)
whole = str(columns)
same = found["polars by footer"] == found["pyarrow by stream"] == whole
sys.exit(0 if same and found["polars by stream"].startswith("refused") else 1)
PYTHON
