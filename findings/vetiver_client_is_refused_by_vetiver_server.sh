#!/usr/bin/env bash
# vetiver's own client cannot ask vetiver's own server for a data frame, once FastAPI is a recent one.
#
# Versions: vetiver 0.2.6 for Python with FastAPI 0.165.0, which its requirements allow, and again with 0.115.14.
# Behaviour: vetiver.predict(endpoint, frame) sends the rows as JSON without a Content-Type. The server that vetiver
#   makes declares its body to FastAPI, and recent versions of FastAPI read no JSON from a request that does not say so.
# Seen: with 0.165.0 a TypeError, whose text is FastAPI's 422 ("Input should be a valid list"); a dict, which requests
#   sends with application/json, is answered. With 0.115.14 the same frame is answered.
#   Whoever stands in for such a server must take JSON without a Content-Type, or that client reaches nobody.
#
# Exits with 0 while this is so, with 1 once it has changed.
set -euo pipefail

work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
pip() { "$work/env/bin/python" -m pip --quiet --disable-pip-version-check "$@"; }
cat >"$work/ask.py" <<'PYTHON'
import importlib.metadata
import json
import sys
import threading
import time

import pandas as pd
import uvicorn
import vetiver
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, y = load_iris(return_X_y=True, as_frame=True)
model = vetiver.VetiverModel(LogisticRegression(max_iter=1000).fit(X, y), "iris", prototype_data=X)
server = uvicorn.Server(uvicorn.Config(vetiver.VetiverAPI(model).app, port=int(sys.argv[1]), log_level="error"))
threading.Thread(target=server.run, daemon=True).start()
while not server.started:
    time.sleep(0.1)
endpoint = vetiver.vetiver_endpoint(f"http://127.0.0.1:{sys.argv[1]}/predict")


def ask(data):
    try:
        return "answered", vetiver.predict(endpoint, data).to_dict("list")
    except TypeError as error:
        return "TypeError", str(error)[:160]


found = {"frame": ask(X.head(2)), "dict": ask(X.iloc[0].to_dict())}
print("vetiver", importlib.metadata.version("vetiver"), "fastapi", importlib.metadata.version("fastapi"), found)
json.dump({kind: said for kind, (said, _) in found.items()}, open(sys.argv[2], "w"))
PYTHON
pip install vetiver==0.2.6 fastapi==0.165.0
"$work/env/bin/python" "$work/ask.py" 18765 "$work/recent.json"
pip install fastapi==0.115.14
"$work/env/bin/python" "$work/ask.py" 18766 "$work/older.json"
grep --quiet '"frame": "TypeError"' "$work/recent.json" && grep --quiet '"dict": "answered"' "$work/recent.json" &&
    grep --quiet '"frame": "answered"' "$work/older.json"
