"""What one would write without any of this: a Flask application that calls scikit-learn in its own process."""

import os

import cloudpickle
from flask import Flask, Response, jsonify, request

FIELDS = ("sepal length", "sepal width", "petal length", "petal width")

app = Flask(__name__)
with open(os.environ["BENCH_MODEL"], "rb") as file:
    model = cloudpickle.load(file)  # made by the benchmark itself, a moment ago


@app.get("/predict")
def predict() -> Response:
    """Return the class of one row of the query string."""
    row = [float(request.args[field]) for field in FIELDS]
    return jsonify(metadata={"status": "OK", "error_code": 0}, result=model.predict([row])[0])
