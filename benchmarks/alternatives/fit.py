"""`python -m benchmarks.alternatives.fit FOLDER`, in any environment: fit the models with its scikit-learn.

Beside NAME.joblib it writes expected.json: what the models say of the 150 rows, and of the one row, when they are
asked without any server.
"""

import json
import sys
from pathlib import Path

import joblib
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from benchmarks.data import ONE, TRAINED_ON, flowers


def main(folder: Path) -> None:
    """Fit, write and ask."""
    rows, species = flowers()
    models = {
        "logistic": LogisticRegression(C=0.3, max_iter=1000),
        "forest": RandomForestClassifier(n_estimators=100, random_state=1),
    }
    expected = {}
    for name, model in models.items():
        model.fit(rows[:TRAINED_ON], species[:TRAINED_ON])
        joblib.dump(model, folder / f"{name}.joblib")
        expected[name] = {"one": model.predict([ONE]).tolist(), "rows": model.predict(rows).tolist()}
    (folder / "expected.json").write_text(json.dumps(expected), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
