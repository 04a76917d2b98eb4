"""What KServe's own client, unmodified, gets from a service, as JSON: `python kserve_calls.py HOST:PORT`."""

import asyncio
import json
import sys
from typing import Any

import httpx
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

URL = f"http://{sys.argv[1]}"
ROWS = np.array([[5.1, 3.5, 1.4, 0.2], [6.3, 2.5, 4.9, 1.5]])


def request(dtype: str = "FP64", *, binary: bool, outputs: list[Any] | None = None, **how: Any) -> InferRequest:
    values = ROWS.astype({"FP64": np.float64, "FP32": np.float32, "FP16": np.float16}[dtype])
    tensor = InferInput("x", list(values.shape), dtype)
    tensor.set_data_from_numpy(values, binary_data=binary)
    return InferRequest("iris", [tensor], request_outputs=outputs, **how)


async def tried(call: Any) -> Any:
    try:
        return await call
    except httpx.HTTPStatusError as error:
        return {"error": str(error), "status": error.response.status_code}


async def inferred(client: Any, sent: Any, model: str = "iris") -> Any:
    found = await tried(client.infer(URL, sent, model_name=model))
    if isinstance(found, dict):
        return found
    arrays = {output.name: output.as_numpy() for output in found.outputs}
    texts = {
        name: [value.decode() if isinstance(value, bytes) else value for value in array.ravel().tolist()]
        for name, array in arrays.items()
    }
    return {"id": found.id, "model": found.model_name, "arrays": texts}


async def calls() -> dict[str, Any]:
    client = InferenceRESTClient(RESTConfig(protocol="v2", timeout=60, verbose=False))
    plain = {"inputs": [{"name": "x", "shape": [2, 4], "datatype": "FP64", "data": ROWS.tolist()}]}
    return {
        "live": await client.is_server_live(URL),
        "ready": await client.is_server_ready(URL),
        "model": await client.is_model_ready(URL, "iris"),
        "unknown model": await tried(client.is_model_ready(URL, "nobody")),
        "dict": await inferred(client, plain),
        "json": await inferred(client, request(binary=False, request_id="a-17")),
        "bytes": await inferred(client, request(binary=True)),
        "fp16": await inferred(client, request("FP16", binary=True)),
        "fp32": await inferred(client, request("FP32", binary=True)),
        "answer in bytes": await inferred(
            client,
            request(
                binary=True,
                outputs=[RequestedOutput("predict_proba", {"binary_data": True}), RequestedOutput("predict")],
            ),
        ),
        "unknown": await inferred(client, plain, "nobody"),
        "wrong": await inferred(client, {"inputs": [{**plain["inputs"][0], "data": [[1, 2, 3, "x"], [1, 2, 3, 4]]}]}),
    }


if __name__ == "__main__":
    json.dump(asyncio.run(calls()), sys.stdout)
