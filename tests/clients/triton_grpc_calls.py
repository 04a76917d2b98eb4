"""What tritonclient.grpc, unmodified, gets from a service, as JSON: `python triton_grpc_calls.py HOST:PORT TOKEN`.

It runs in the environment of that client. Each call is a function; an error that the client itself understands is
`{"error": TEXT, "status": STATUS}`. With `--fields` it tells the fields of the client's own messages.
"""

import asyncio
import json
import queue
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import tritonclient.grpc as triton
import tritonclient.grpc.aio as aio
from tritonclient.grpc import service_pb2
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

COLUMNS = ("sepal length", "sepal width", "petal length", "petal width")
ROWS = np.array([[5.1, 3.5, 1.4, 0.2], [6.3, 2.5, 4.9, 1.5]])
DTYPES = ["uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]
IN_FLIGHT = 40


def tensor(values: Any, name: str = "x", kind: Any = triton) -> Any:
    values = np.asarray(values)
    made = kind.InferInput(name, list(values.shape), np_to_triton_dtype(values.dtype))
    return made.set_data_from_numpy(values)


def said(result: Any) -> dict[str, Any]:
    """Return an answer: its own words, and its arrays."""
    response = result.get_response()
    arrays = {output.name: result.as_numpy(output.name) for output in response.outputs}
    return {
        "id": response.id,
        "model": [response.model_name, response.model_version],
        "shapes": {name: list(array.shape) for name, array in arrays.items()},
        "arrays": {
            name: [value.decode() if isinstance(value, bytes) else value for value in array.ravel().tolist()]
            for name, array in arrays.items()
        },
    }


def tried(call: Callable[[], Any]) -> Any:
    """Return what a call gives, or the error that the client makes of it."""
    try:
        return call()
    except InferenceServerException as error:
        return {"error": error.message(), "status": error.status()}


def in_flight(client: Any) -> list[str]:
    """Return the ids of answers to requests that were under way together, in the order of the requests."""
    done: queue.Queue[tuple[int, Any, Any]] = queue.Queue()
    for number in range(IN_FLIGHT):
        client.async_infer(
            "iris",
            [tensor(ROWS)],
            lambda result, error, number=number: done.put((number, result, error)),
            request_id=str(number),
        )
    found = sorted((done.get(timeout=60) for _ in range(IN_FLIGHT)), key=lambda each: each[0])
    return [str(error) if error else result.get_response().id for _, result, error in found]


def columns() -> list[Any]:
    return [tensor(ROWS[:, [place]], name) for place, name in enumerate(COLUMNS)]


async def asynchronous(address: str) -> dict[str, Any]:
    async with aio.InferenceServerClient(address) as client:
        result = await client.infer("iris", [tensor(ROWS, kind=aio)])
        return {"live": await client.is_server_live(), "infer": said(result)}


def calls(address: str, token: str) -> dict[str, Any]:
    """Return what each call gives."""
    client = triton.InferenceServerClient(address)
    proba = triton.InferRequestedOutput("predict_proba")
    held = {"authorization": f"Bearer {token}"}

    def infer(inputs: Any, outputs: Any = None, model: str = "iris", **how: Any) -> Any:
        return said(client.infer(model, inputs, outputs=outputs, **how))

    named: dict[str, Callable[[], Any]] = {
        "live": client.is_server_live,
        "ready": client.is_server_ready,
        "model_ready": lambda: client.is_model_ready("iris"),
        "model_ready_version": lambda: client.is_model_ready("iris", "1"),
        "model_ready_unknown": lambda: client.is_model_ready("rose"),
        "server": lambda: client.get_server_metadata(as_json=True),
        "model": lambda: client.get_model_metadata("iris", as_json=True),
        "model_unknown": lambda: client.get_model_metadata("rose", as_json=True),
        "infer": lambda: infer([tensor(ROWS)], request_id="my-id 42/ü"),
        "infer_version": lambda: infer([tensor(ROWS)], model_version="1"),
        "infer_output": lambda: infer([tensor(ROWS)], [proba]),
        "infer_columns": lambda: infer(columns()),
        "infer_parameters": lambda: infer([tensor(ROWS)], parameters={"mine": 1}, priority=3, timeout=60_000_000),
        "infer_best": lambda: infer([tensor(ROWS)], [triton.InferRequestedOutput("predict_proba", class_count=2)]),
        "infer_gzip": lambda: infer([tensor(ROWS)], compression_algorithm="gzip"),
        "infer_deflate": lambda: infer([tensor(ROWS)], compression_algorithm="deflate"),
        "in_flight": lambda: in_flight(client),
        "unknown_model": lambda: infer([tensor(ROWS)], model="rose"),
        "unknown_version": lambda: infer([tensor(ROWS)], model_version="9"),
        "unknown_output": lambda: infer([tensor(ROWS)], [triton.InferRequestedOutput("no")]),
        "wrong_columns": lambda: infer([tensor(ROWS[:, :3])]),
        "too_late": lambda: infer([tensor(ROWS)], client_timeout=1e-9),
        "index": lambda: client.get_model_repository_index(as_json=True),
        "load": lambda: client.load_model("iris", headers=held),
        "load_stranger": lambda: client.load_model("iris"),
        "load_wrong_token": lambda: client.load_model("iris", headers={"authorization": "Bearer wrong"}),
        "load_unknown": lambda: client.load_model("rose", headers=held),
        "load_config": lambda: client.load_model("iris", headers=held, config="{}"),
        "unload": lambda: client.unload_model("iris", headers=held),
        "unloaded": lambda: client.is_model_ready("iris"),
        "load_again": lambda: client.load_model("iris", headers=held),
        "statistics": lambda: client.get_inference_statistics("iris", as_json=True),
        "config": lambda: client.get_model_config("iris"),
        "trace": client.get_trace_settings,
        **{dtype: lambda dtype=dtype: infer([tensor(ROWS.astype(dtype))]) for dtype in DTYPES},
    }
    found = {name: tried(call) for name, call in named.items()}
    return found | {"asynchronous": asyncio.run(asynchronous(address))}


def fields() -> dict[str, list[list[Any]]]:
    """Return name, number, type and label of each field of the client's own messages."""
    found: dict[str, list[list[Any]]] = {}

    def add(message: Any) -> None:
        found[message.full_name] = [
            [field.name, field.number, field.type, field.message_type.full_name if field.message_type else ""]
            for field in message.fields
        ]
        for nested in message.nested_types:
            add(nested)

    for message in service_pb2.DESCRIPTOR.message_types_by_name.values():
        add(message)
    return found


print(json.dumps(fields() if sys.argv[1] == "--fields" else calls(*sys.argv[1:])))
