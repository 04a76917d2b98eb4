"""The schemas of orchestrators, as validators."""

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator, Draft7Validator
from jsonschema.protocols import Validator

SCHEMAS = Path(__file__).parent / "schemas"


def problems(validator: Validator, value: Any) -> list[str]:
    """Return what a schema finds wrong, with the places."""
    return [f"{'/'.join(map(str, error.path))}: {error.message}" for error in validator.iter_errors(value)]


@functools.cache
def marathon(release: str = "") -> tuple[Validator, ...]:
    """Return the schemas of a Marathon's apps; of today's there are two, and each finds what the other one does not."""
    name = f"AppDefinition-{release}.json" if release else "AppDefinition.json"
    old = json.loads((SCHEMAS / "marathon" / name).read_text("utf-8"))
    old.pop("$schema")  # it names the newest draft, and is written in the fourth
    if release:
        return (Draft4Validator(old),)
    strict = json.loads((SCHEMAS / "marathon" / "app-1.11-strict.schema.json").read_text("utf-8"))
    return Draft4Validator(old), Draft7Validator(strict)


@functools.cache
def compose() -> Validator:
    """Return the schema of Compose files."""
    return Draft7Validator(json.loads((SCHEMAS / "compose" / "compose-spec.json").read_text("utf-8")))


def marathon_problems(app: Mapping[str, Any], release: str = "") -> list[str]:
    """Return what any schema of a Marathon's finds wrong with an app definition."""
    return [problem for each in marathon(release) for problem in problems(each, dict(app))]
