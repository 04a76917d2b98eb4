"""`python -m benchmarks.alternatives.mlflow_model MODELS`: save the logistic regression as MLflow keeps models."""

import sys
from pathlib import Path

import joblib
import mlflow.sklearn


def main(models: Path) -> None:
    """Write the folder that `mlflow models serve` is given."""
    mlflow.sklearn.save_model(joblib.load(models / "logistic.joblib"), str(models / "mlflow"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
