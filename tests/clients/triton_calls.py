"""What tritonclient, unmodified, gets from a service, as JSON: `python triton_calls.py HOST:PORT TOKEN`.

It runs in the environment of that client. Each call is a function; an error that the client itself understands is
`{"error": TEXT, "status": STATUS}`.
"""

import asyncio
import json
import sys
from typing import Any

import numpy as np
import tritonclient.http as triton
import tritonclient.http.aio as aio
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

ADDRESS, TOKEN = sys.argv[1:]
COLUMNS = ("sepal length", "sepal width", "petal length", "petal width")
ROWS = np.array([[5.1, 3.5, 1.4, 0.2], [6.3, 2.5, 4.9, 1.5]])
ADMIN = {"Authorization": f"Bearer {TOKEN}"}
DTYPES = ["uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]


def tensor(values: Any, name: str = "x", *, binary: bool = True, kind: Any = triton) -> Any:
    values = np.asarray(values)
    made = kind.InferInput(name, list(values.shape), np_to_triton_dtype(values.dtype))
    return made.set_data_from_numpy(values, binary_data=binary)


def outputs(*names: str, binary: bool = True, best: int = 0, kind: Any = triton) -> list[Any]:
    return [kind.InferRequestedOutput(name, binary_data=binary, class_count=best) for name in names]


def said(result: Any) -> dict[str, Any]:
    """Return an answer: its own words, and its arrays."""
    response = result.get_response()
    arrays = {output["name"]: result.as_numpy(output["name"]) for output in response["outputs"]}
    texts = {
        name: [value.decode() if isinstance(value, bytes) else value for value in array.ravel().tolist()]
        for name, array in arrays.items()
    }
    shapes = {name: list(array.shape) for name, array in arrays.items()}
    return {"response": response, "arrays": texts, "shapes": shapes}


def tried(call: Any, *arguments: Any, **keywords: Any) -> Any:
    try:
        return call(*arguments, **keywords)
    except InferenceServerException as error:
        return {"error": error.message(), "status": error.status()}


def infer(client: Any, *tensors: Any, model: str = "iris", **keywords: Any) -> Any:
    found = tried(client.infer, model, list(tensors), **keywords)
    return found if isinstance(found, dict) else said(found)


def health(client: Any) -> dict[str, Any]:
    return {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "model": client.is_model_ready("iris"),
        "version": client.is_model_ready("iris", "1"),
        "other version": client.is_model_ready("iris", "7"),
        "unknown": client.is_model_ready("nobody"),
    }


def metadata(client: Any) -> dict[str, Any]:
    return {
        "server": client.get_server_metadata(),
        "model": client.get_model_metadata("iris"),
        "version": client.get_model_metadata("iris", "1"),
        "other version": tried(client.get_model_metadata, "iris", "7"),
        "unknown": tried(client.get_model_metadata, "nobody"),
    }


def pairs(client: Any) -> dict[str, Any]:
    """Every pair of how inputs are sent and outputs are wanted."""
    found = {}
    for sent in (True, False):
        for wanted in (True, False, None):
            asked = None if wanted is None else outputs("predict_proba", "predict", binary=wanted)
            found[f"{sent} {wanted}"] = infer(client, tensor(ROWS, binary=sent), outputs=asked)
    return found


def datatypes(client: Any) -> dict[str, Any]:
    found = {}
    for dtype in DTYPES:
        found[dtype] = infer(client, tensor(np.array([[5, 3, 1, 0]], dtype=dtype)))
        if dtype != "float16":  # which this client sends as bytes alone
            found[f"{dtype} JSON"] = infer(client, tensor(np.array([[5, 3, 1, 0]], dtype=dtype), binary=False))
    return found


def mixed(client: Any, *, binary: bool = True) -> Any:
    return infer(
        client,
        tensor(np.array([["Köln"], ["Rom"]], dtype=object), "town", binary=binary),
        tensor(np.array([[1.5], [2.5]], dtype=np.float32), "age", binary=not binary),
        tensor(np.array([[True], [False]]), "member", binary=binary),
        tensor(np.array([1, 2], dtype=np.int16), "visits", binary=not binary),
        tensor(np.array(["2026-01-31", "2026-02-01"], dtype=object), "day", binary=binary),
        model="people",
    )


def options(client: Any) -> dict[str, Any]:
    rows = tensor(ROWS)
    return {
        "id": infer(client, rows, request_id="my-id 42/ü"),
        "version": infer(client, rows, model_version="1"),
        "other version": infer(client, rows, model_version="7"),
        "parameters": infer(client, rows, parameters={"mine": 1}, priority=3, timeout=5_000_000, sequence_id=7),
        "best": infer(client, rows, outputs=outputs("predict_proba", best=2)),
        "best as JSON": infer(client, rows, outputs=outputs("predict_proba", best=9, binary=False)),
        "query": infer(client, rows, query_params={"a": [1, 2], "b": "c d"}),
        "columns": infer(client, *(tensor(ROWS[:, [place]], name) for place, name in enumerate(COLUMNS))),
        "no rows": infer(client, tensor(np.empty((0, 4)))),
    }


def codings(client: Any) -> dict[str, Any]:
    found = {}
    for sent in (None, "gzip", "deflate"):
        for wanted in (None, "gzip", "deflate"):
            how = {"request_compression_algorithm": sent, "response_compression_algorithm": wanted}
            found[f"{sent} {wanted}"] = infer(client, tensor(ROWS), **how)
    return found


def errors(client: Any) -> dict[str, Any]:
    rows = tensor(ROWS)
    return {
        "unknown model": infer(client, rows, model="nobody"),
        "name with a slash": infer(client, rows, model="a/b"),
        "unknown output": infer(client, rows, outputs=outputs("proba")),
        "unknown input": infer(client, tensor([[1.0]], "a"), tensor([[1.0]], "b")),
        "repeated input": infer(client, tensor([[1.0]], "sepal length"), tensor([[1.0]], "sepal length")),
        "columns": infer(client, tensor(ROWS[:, :3])),
        "rank": infer(client, tensor(ROWS[None])),
        "text": infer(client, tensor(np.array([["a"] * 4], dtype=object))),
        "nan": infer(client, tensor([[1.0, 2.0, float("nan"), 4.0]])),
        "nan in JSON": infer(client, tensor([[1.0, 2.0, float("nan"), 4.0]], binary=False)),
        "infinity in JSON": infer(client, tensor([[1.0, 2.0, float("inf"), 4.0]], binary=False)),
        "class of classes": infer(client, rows, outputs=outputs("predict", best=2)),
    }


def many(client: Any) -> list[str]:
    """The ids of forty requests that are in flight at a time."""
    asked = [client.async_infer("iris", [tensor(ROWS)], request_id=str(number)) for number in range(40)]
    return [request.get_result().get_response()["id"] for request in asked]


def repository(client: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"index": client.get_model_repository_index()}
    found["nobody may"] = [tried(client.load_model, "iris"), tried(client.unload_model, "iris")]
    found["unknown"] = tried(client.load_model, "nobody", headers=ADMIN)
    found["files"] = tried(client.load_model, "iris", headers=ADMIN, config="{}")
    client.unload_model("iris", headers=ADMIN)
    found["unloaded"] = [client.get_model_repository_index(), health(client), infer(client, tensor(ROWS))]
    client.load_model("iris", headers=ADMIN)
    found["loaded"] = [client.get_model_repository_index(), health(client)]
    return found


def nothing_here(client: Any) -> dict[str, Any]:
    calls = {
        "config": lambda: client.get_model_config("iris"),
        "trace": client.get_trace_settings,
        "log": client.get_log_settings,
        "system memory": client.get_system_shared_memory_status,
        "cuda memory": client.get_cuda_shared_memory_status,
    }
    return {name: tried(call) for name, call in calls.items()}


async def in_a_loop() -> dict[str, Any]:
    async with aio.InferenceServerClient(ADDRESS) as client:
        asked = [client.infer("iris", [tensor(ROWS, kind=aio)], request_id=str(number)) for number in range(8)]
        found: dict[str, Any] = {
            "health": [
                await client.is_server_live(),
                await client.is_server_ready(),
                await client.is_model_ready("iris"),
            ],
            "metadata": [await client.get_server_metadata(), await client.get_model_metadata("iris")],
            "binary": said(await client.infer("iris", [tensor(ROWS, kind=aio)])),
            "json": said(
                await client.infer(
                    "iris",
                    [tensor(ROWS, kind=aio, binary=False)],
                    outputs=outputs("predict_proba", "predict", kind=aio, binary=False),
                )
            ),
            "index": await client.get_model_repository_index(),
            "many": [result.get_response()["id"] for result in await asyncio.gather(*asked)],
        }
        try:
            await client.infer("nobody", [tensor(ROWS, kind=aio)])
        except InferenceServerException as error:
            found["unknown"] = {"error": error.message(), "status": error.status()}
        return found


def main() -> None:
    client = triton.InferenceServerClient(ADDRESS, concurrency=40)
    calls = (health, metadata, pairs, datatypes, options, codings, errors, many, nothing_here)
    found: dict[str, Any] = {call.__name__: call(client) for call in calls}
    found["mixed"] = [mixed(client), mixed(client, binary=False)]
    found["aio"] = asyncio.run(in_a_loop())
    found["repository"] = repository(client)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
