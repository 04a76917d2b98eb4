"""Stores as Palladium leaves them: its tables, its folders, its pickles."""

import base64
import gzip
import json
import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

X = np.array([[0.0, 1.0], [1.0, 0.5], [2.0, 3.0], [3.0, 2.5], [0.5, 0.0], [2.5, 3.5]])
SPECIES = np.array(["setosa", "setosa", "virginica", "virginica", "setosa", "virginica"])
# what a pickle of Palladium's model in R begins with: its class, by name
R_MODEL = b"\x80\x03cpalladium.R\nClassificationModel\nq\x00)\x81q\x01."


@dataclass
class Old:
    """One version: an estimator or ready bytes, and what Palladium annotates it with."""

    version: int
    model: Any
    metadata: dict[str, Any] = field(default_factory=dict)

    def pickled(self) -> bytes:
        """Return the pickle, with the annotation that Palladium leaves on the object."""
        if isinstance(self.model, bytes):
            return self.model
        self.model.__metadata__ = {**self.metadata, "version": self.version}
        return pickle.dumps(self.model)


def classifier(C: float = 1.0) -> Any:
    """Return a fitted classifier of two columns with labels of text."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=C)).fit(X, SPECIES)


def regression() -> Any:
    """Return a fitted regression of the same columns."""
    return LinearRegression().fit(X, X[:, 0] * 2 + X[:, 1])


def iris() -> list[Old]:
    """Return three versions of a classifier, whose numbers have a gap, and one in R."""
    return [
        Old(2, classifier(0.1), {"train_timestamp": "2020-01-02T03:04:05.678901", "score_train": 0.9}),
        Old(3, classifier(1.0), {"score_train": 0.95, "score_test": 0.925, "cv_results": '[{"rank": 1}]'}),
        Old(5, R_MODEL, {"score_test": 0.8}),
        Old(8, regression(), {}),
    ]


class Said:
    """A fitted classifier, of a user's own, that answers three rows with what it was made of."""

    def __init__(self, answers: Any) -> None:
        self.answers = answers
        self.classes_ = np.unique(SPECIES)

    def predict(self, X: Any) -> Any:
        """Return the answers."""
        return self.answers


class Boom:
    """What runs a command when it is opened."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> Any:
        import os

        return os.system, (self.command,)


def leave_tables(
    url: str,
    versions: Sequence[Old],
    active: int | None,
    postfix: str = "",
    *,
    clob: bool = False,
    chunk_size: int = 500,
    db_version: str | None = "1.2.4.1",
) -> None:
    """Make Palladium's tables and fill them as its `Database` does, or its `DatabaseCLOB`."""
    ending = f"_{postfix}" if postfix else ""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    metadata = sa.MetaData()
    models = sa.Table(
        f"models{ending}",
        metadata,
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("metadata", sa.String(1_000_000), nullable=False),
    )
    chunks = sa.Table(
        f"model_chunks{ending}",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("model_version", sa.Integer, sa.ForeignKey(f"models{ending}.version")),
        sa.Column("blob", sa.Text if clob else sa.LargeBinary, nullable=False),
    )
    tables = [models, chunks]
    if db_version is not None:
        properties = sa.Table(
            f"properties{ending}",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("name", sa.String(1000)),
            sa.Column("value", sa.String(1000), nullable=False),
        )
        tables.append(properties)
    metadata.create_all(engine, tables=tables)
    with engine.begin() as connection:
        for old in versions:
            text = json.dumps({**old.metadata, "version": old.version})
            if not connection.execute(sa.select(models).where(models.c.version == old.version)).first():
                connection.execute(models.insert().values(version=old.version, metadata=text))
            data = gzip.compress(old.pickled())
            for start in range(0, len(data), chunk_size):
                piece: Any = data[start : start + chunk_size]
                piece = base64.b64encode(piece).decode() if clob else piece
                connection.execute(chunks.insert().values(model_version=old.version, blob=piece))
        if db_version is not None:
            connection.execute(properties.insert().values(name="db-version", value=db_version))
            if active is not None:
                connection.execute(properties.insert().values(name="active-model", value=str(active)))
    engine.dispose()


def leave_folder(folder: Path, versions: Sequence[Old], active: int | None, attached: bytes = b"") -> None:
    """Write a folder as Palladium's `File` leaves it; without an active version as before 1.0, a bare list."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for old in versions:
        (folder / f"m-{old.version}.pkl.gz").write_bytes(gzip.compress(old.pickled()))
        entry = {**old.metadata, "version": old.version}
        if attached:
            (folder / f"m-{old.version}-report.html").write_bytes(attached)
            entry["__attachments__"] = ["attachments/report.html"]
        entries.append(entry)
    properties = {"db-version": "1.2.4.1", "active-model": str(active)}
    content: Any = entries if active is None else {"models": entries, "properties": properties}
    (folder / "m-metadata.json").write_text(json.dumps(content, indent=4))
