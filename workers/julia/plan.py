"""How an author's Julia code is to be called, as the configuration says; decided without touching Julia."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from triglot.errors import BadRequest
from triglot.protocol.sources import declared_files, fingerprint, lay_out, project_file, project_root
from triglot.tables.labels import Labels
from triglot.tables.table import NUMERIC, Table

Shape = Literal["matrix", "table"]


@dataclass(frozen=True, slots=True)
class JuliaPlan:
    """The author's functions, where they are, and the conventions that they follow.

    `script` is empty where the functions live in packages. `coding` says how classes reach the author:
    "values" as labels, "codes" as integers from 1, "encoded" as integers from 0. `shape` is None where the
    table's own types decide.
    """

    sources: Mapping[str, str]
    script: str
    folder: str
    fit: str
    predict: str
    predict_required: bool
    predict_proba: str
    predict_proba_required: bool
    params: Mapping[str, Any]
    predict_params: Mapping[str, Any]
    columns: bool
    shape: Shape | None
    coding: Literal["values", "codes", "encoded"]
    seed: int | None
    files: tuple[str, ...]

    @classmethod
    def of(cls, spec: Mapping[str, Any], sources: Mapping[str, str]) -> "JuliaPlan":
        """Return the plan of a specification; every wrong value raises `BadRequest` with its key."""
        script = _text(spec, "script", "")
        if script and script not in sources:
            raise BadRequest(f"script: {script!r} is none of the model's files: {', '.join(sorted(sources)) or 'none'}")
        fit = _text(spec, "fit", "fit")
        beside = fit.rpartition(".")[0]
        shape = spec.get("x")
        if shape not in (None, "matrix", "table"):
            raise BadRequest(f"x: {shape!r} is unknown; use matrix or table")
        layout = _choice(spec, "layout", ("rows", "columns"))
        labels = _choice(spec, "labels", ("values", "codes"))
        seed = spec.get("seed")
        if seed is not None and (type(seed) is not int or seed < 0):
            raise BadRequest(f"seed: {seed!r} must be an integer, 0 or greater")
        return cls(
            sources=sources,
            script=script,
            folder=_text(spec, "folder", ""),
            fit=fit,
            predict=_text(spec, "predict", f"{beside}.predict" if beside else "predict"),
            predict_required=spec.get("predict") is not None,
            predict_proba=_text(spec, "predict_proba", f"{beside}.predict_proba" if beside else "predict_proba"),
            predict_proba_required=spec.get("predict_proba") is not None,
            params=_map(spec, "params"),
            predict_params=_map(spec, "predict_params"),
            columns=layout == "columns",
            shape=cast("Shape | None", shape),
            coding="encoded" if spec.get("encode_labels") else cast("Literal['values', 'codes']", labels),
            seed=seed,
            files=declared_files(spec, sources),
        )

    @classmethod
    def of_dataset(cls, spec: Mapping[str, Any], sources: Mapping[str, str]) -> "JuliaPlan":
        """Return the plan of a function that gives data: it is called as `fit` is, with parameters alone."""
        known = {key: spec[key] for key in ("script", "folder", "params", "layout") if key in spec}
        return cls.of({**known, "fit": _text(spec, "function", "dataset")}, sources)

    @property
    def space(self) -> str:
        """The name of the Julia module for exactly this script of exactly these files, in every process."""
        return f"Sources_{fingerprint(self.sources)}_{fingerprint({'script': self.script})[:8]}" if self.script else ""

    def wants_matrix(self, X: Table) -> bool:
        """Decide from the configuration, else from the kinds of the columns, which the schema keeps the same."""
        if self.shape is not None:
            return self.shape == "matrix"
        return X.is_matrix or all(column.kind in NUMERIC for column in X.columns)

    def request(self, labels: Labels | None, scratch: Path) -> dict[str, Any]:
        """Return the plan as the Julia side reads it, its files laid out where Julia can include them."""
        folder = lay_out(self.sources, self.folder, scratch, self.files) if self.script else Path(self.folder or ".")
        script = folder / self.script if self.script else None
        project = project_file(project_root(script) if script else folder)
        use_project = project is not None and (script is not None or bool(self.folder))
        return {
            "source": [
                self.space,
                str(script.absolute()) if script else "",
                str(project.absolute()) if project and use_project else "",
                str(script.absolute().parent) if script and self.files else "",
            ],
            "fit": self.fit,
            "predict": self.predict,
            "predict_required": self.predict_required,
            "predict_proba": self.predict_proba,
            "predict_proba_required": self.predict_proba_required,
            "columns": self.columns,
            "coding": self.coding,
            "classes": None if labels is None else list(labels.classes),
        }


def _text(spec: Mapping[str, Any], key: str, default: str) -> str:
    value = spec.get(key)
    if value is None:
        return default
    if not isinstance(value, str) or not value:
        raise BadRequest(f"{key}: {value!r} must be text")
    return value


def _choice(spec: Mapping[str, Any], key: str, known: tuple[str, ...]) -> str:
    value = spec.get(key, known[0])
    if value not in known:
        raise BadRequest(f"{key}: {value!r} is unknown; use {' or '.join(known)}")
    return str(value)


def _map(spec: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = spec.get(key) or {}
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise BadRequest(f"{key}: {value!r} must be a map from names to values, the keyword arguments")
    return value
