"""What one would write without any of this: a Flask application that calls scikit-learn in its own process."""

import os
from pathlib import Path

import joblib
from flask import Flask, Response, jsonify, request

from benchmarks.data import FIELDS

FOLDER = Path(os.environ["BENCH_MODELS"])  # made by the benchmark itself, a moment ago

app = Flask(__name__)
models = {path.stem: joblib.load(path) for path in FOLDER.glob("*.joblib")}


@app.get("/<name>/predict")
def predict(name: str) -> Response:
    """Return the class of one row of the query string."""
    row = [float(request.args[field]) for field in FIELDS]
    return jsonify(metadata={"status": "OK", "error_code": 0}, result=models[name].predict([row])[0])


@app.post("/<name>/predict")
def predict_many(name: str) -> Response:
    """Return the classes of a list of rows."""
    return jsonify(metadata={"status": "OK", "error_code": 0}, result=models[name].predict(request.json).tolist())
