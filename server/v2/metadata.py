"""What the service and its models say of themselves, as the protocol has it."""

from typing import Any

from triglot import __version__
from triglot.server.v2.datatypes import BOOL, BYTES, DATATYPES, FP64, INT64, Datatype
from triglot.server.v2.outputs import Offered, offered
from triglot.serving.served import Served
from triglot.tables.field import Field
from triglot.tables.table import Kind

NAME = "triglot"
EXTENSIONS = ("binary_tensor_data", "classification", "parameters", "statistics")
_OF_KIND: dict[Kind, Datatype] = {
    "float64": FP64,
    "float32": DATATYPES["FP32"],
    "int64": INT64,
    "int32": DATATYPES["INT32"],
    "bool": BOOL,
}
_CONTENT: dict[Kind, str] = {"string": "str", "category": "str", "date": "datetime", "datetime": "datetime"}


def of_server(*, repository: bool) -> dict[str, Any]:
    """Return what the service is and can; `repository` says whether models can be loaded and unloaded."""
    extensions = [*EXTENSIONS, *(["model_repository"] if repository else [])]
    return {"name": NAME, "version": __version__, "extensions": extensions}


def of_model(served: Served) -> dict[str, Any]:
    """Return what a model is asked and what it answers, by the columns that it was fitted on."""
    return {
        "name": served.model,
        "versions": [str(served.version)],
        "platform": f"{NAME}_{served.language}",
        "inputs": [_input(field) for field in served.schema.fields],
        "outputs": [_output(output) for output in offered(served)],
    }


def _input(field: Field) -> dict[str, Any]:
    datatype = _OF_KIND.get(field.kind, BYTES)
    parameters: dict[str, Any] = {"kind": field.kind, "nullable": field.nullable}
    if field.kind in _CONTENT:
        parameters["content_type"] = _CONTENT[field.kind]
    if field.levels:
        parameters["levels"] = list(field.levels)
    if field.zone:
        parameters["zone"] = field.zone
    return {"name": field.name, "datatype": datatype.name, "shape": [-1, 1], "parameters": parameters}


def _output(output: Offered) -> dict[str, Any]:
    told: dict[str, Any] = {"name": output.name, "datatype": output.datatype.name, "shape": output.shape}
    return told | ({"parameters": {"classes": list(output.classes)}} if output.classes else {})
