"""vetiver: the logistic regression behind its own application."""

import os
from pathlib import Path

import joblib
import vetiver

FOLDER = Path(os.environ["BENCH_MODELS"])

model = vetiver.VetiverModel(joblib.load(FOLDER / "logistic.joblib"), model_name="logistic")
app = vetiver.VetiverAPI(model, check_prototype=False).app
