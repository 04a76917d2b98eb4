"""What `ScoringServerClient` of MLflow gets: `mlflow_calls.py PORT` prints it as JSON."""

import json
import sys
from typing import Any

import numpy as np
import pandas as pd
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

NAMES = ["sepal length", "sepal width", "petal length", "petal width"]
ROWS = [[5.1, 3.5, 1.4, 0.2], [6.3, 2.5, 4.9, 1.5]]


def said(call: Any) -> Any:
    """Return the predictions of a call, or the text of its error."""
    try:
        return call().get_predictions().iloc[:, 0].tolist()
    except Exception as error:
        return str(error)


def main() -> None:
    """Make the calls."""
    client = ScoringServerClient("127.0.0.1", int(sys.argv[1]))
    client.wait_server_ready()
    frame = pd.DataFrame(ROWS, columns=NAMES)
    gap = frame.assign(**{"sepal width": [np.nan, 2.5]})
    calls = {
        "frame": lambda: client.invoke(frame),
        "other order and another column": lambda: client.invoke(frame[NAMES[::-1]].assign(mood="good")),
        "array": lambda: client.invoke(np.array(ROWS)),
        "list": lambda: client.invoke([dict(zip(NAMES, row, strict=True)) for row in ROWS]),
        "records": lambda: client.invoke(json.dumps({"dataframe_records": frame.to_dict("records")})),
        "instances": lambda: client.invoke(json.dumps({"instances": ROWS})),
        "columns": lambda: client.invoke(json.dumps({"inputs": frame.to_dict("list")})),
        "no params": lambda: client.invoke(frame, params={}),
        "unknown params": lambda: client.invoke(frame, params={"k": 1}),
        "missing column": lambda: client.invoke(frame[NAMES[1:]]),
        "gap": lambda: client.invoke(gap),
    }
    print(json.dumps({"version": client.get_version()} | {name: said(call) for name, call in calls.items()}))


if __name__ == "__main__":
    main()
