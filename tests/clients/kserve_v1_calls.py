"""What KServe's `InferenceRESTClient` gets by its first protocol: `kserve_v1_calls.py URL` prints it as JSON."""

import asyncio
import json
import sys
from collections.abc import Awaitable
from typing import Any

from kserve import InferenceRESTClient, RESTConfig

NAMES = ["sepal length", "sepal width", "petal length", "petal width"]
ROWS = [[5.1, 3.5, 1.4, 0.2], [6.3, 2.5, 4.9, 1.5]]


async def said(call: Awaitable[Any]) -> Any:
    """Return what a call gives, or its error's text."""
    try:
        return await call
    except Exception as error:
        return str(error)


async def main() -> None:
    """Make the calls."""
    url, client = sys.argv[1], InferenceRESTClient(RESTConfig(protocol="v1"))
    objects = [dict(zip(NAMES, row, strict=True)) for row in ROWS]

    def infer(model: str, body: Any) -> Awaitable[Any]:
        return said(client.infer(url, body, model_name=model))

    calls = {
        "live": await said(client.is_server_live(url)),
        "ready": await said(client.is_model_ready(url, "iris-python")),
        "unknown ready": await said(client.is_model_ready(url, "rose")),
        "lists": await infer("iris-python", {"instances": ROWS}),
        "objects": await infer("iris-r", {"instances": objects}),
        "no list": await infer("iris-python", {"instances": 5}),
        "missing column": await infer("iris-python", {"instances": [{"sepal length": 1.0}]}),
        "unknown": await infer("rose", {"instances": ROWS}),
    }
    await client.close()
    print(json.dumps(calls))


if __name__ == "__main__":
    asyncio.run(main())
