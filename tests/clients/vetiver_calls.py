"""What vetiver's `predict` gets from an endpoint: `vetiver_calls.py URL` prints it as JSON."""

import json
import sys
from typing import Any

import numpy as np
import pandas as pd
import vetiver

NAMES = ["sepal length", "sepal width", "petal length", "petal width"]
ROWS = [[5.1, 3.5, 1.4, 0.2], [6.3, 2.5, 4.9, 1.5]]


def said(endpoint: Any, data: Any, **more: Any) -> Any:
    """Return the frame that comes back, by columns, or the kind of the error and its text."""
    try:
        return vetiver.predict(endpoint, data, **more).to_dict("list")
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def main() -> None:
    """Make the calls."""
    url = sys.argv[1]
    endpoint = vetiver.vetiver_endpoint(f"{url}/predict/")
    frame = pd.DataFrame(ROWS, columns=NAMES)
    calls = {
        "frame": said(endpoint, frame),
        "named rows and another column": said(endpoint, frame.assign(mood="good").set_index(pd.Index(["a", "b"]))),
        "series": said(endpoint, frame.iloc[0]),
        "dict": said(endpoint, dict(zip(NAMES, ROWS[0], strict=True))),
        "list": said(endpoint, ROWS),
        "headers": said(endpoint, frame, headers={"Authorization": "Key abc"}),
        "missing column": said(endpoint, frame[NAMES[1:]]),
        "gap": said(endpoint, frame.assign(**{"sepal width": [np.nan, 2.5]})),
        "probabilities": said(vetiver.vetiver_endpoint(f"{url}/predict_proba"), frame),
    }
    print(json.dumps(calls))


if __name__ == "__main__":
    main()
