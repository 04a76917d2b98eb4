"""Plain FastAPI that calls scikit-learn in its own process: `app` in the event loop, `threaded` in its thread pool."""

import os
from pathlib import Path
from typing import Any

import joblib
from fastapi import FastAPI, Request

from benchmarks.data import FIELDS

FOLDER = Path(os.environ["BENCH_MODELS"])

models = {path.stem: joblib.load(path) for path in FOLDER.glob("*.joblib")}
app = FastAPI()
threaded = FastAPI()


def one(name: str, request: Request) -> dict[str, Any]:
    """Return the class of one row of the query string."""
    row = [float(request.query_params[field]) for field in FIELDS]
    return {"metadata": {"status": "OK", "error_code": 0}, "result": models[name].predict([row])[0]}


def many(name: str, rows: list[list[float]]) -> dict[str, Any]:
    """Return the classes of a list of rows."""
    return {"metadata": {"status": "OK", "error_code": 0}, "result": models[name].predict(rows).tolist()}


@app.get("/{name}/predict")
async def predict(name: str, request: Request) -> dict[str, Any]:
    """Answer one row in the event loop."""
    return one(name, request)


@app.post("/{name}/predict")
async def predict_many(name: str, rows: list[list[float]]) -> dict[str, Any]:
    """Answer many rows in the event loop."""
    return many(name, rows)


@threaded.get("/{name}/predict")
def predict_in_a_thread(name: str, request: Request) -> dict[str, Any]:
    """Answer one row in a thread."""
    return one(name, request)


@threaded.post("/{name}/predict")
def predict_many_in_a_thread(name: str, rows: list[list[float]]) -> dict[str, Any]:
    """Answer many rows in a thread."""
    return many(name, rows)
