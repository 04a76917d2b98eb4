"""`python -m benchmarks.alternatives.grpc_call PORT MODEL`: ask for the rows on standard input by gRPC, and show how.

It says, as JSON, the message as HTTP/2 carries it (in base64), how many bytes the answer has there, and the labels.
"""

import base64
import json
import struct
import sys
from typing import Any

import grpc
from tritonclient.grpc import service_pb2, service_pb2_grpc

TIMEOUT_S = 10.0


def request(model: str, rows: list[list[float]]) -> Any:
    """Return the message: one matrix as raw bytes, as the client sends it."""
    flat = [value for row in rows for value in row]
    asked = service_pb2.ModelInferRequest(model_name=model)
    asked.inputs.add(name="x", datatype="FP64", shape=[len(rows), len(rows[0])])
    asked.outputs.add(name="predict")
    asked.raw_input_contents.append(struct.pack(f"<{len(flat)}d", *flat))
    return asked


def labels(answer: Any) -> list[str]:
    """Return the texts of an answer, which servers send raw or as they are."""
    if not answer.raw_output_contents:
        return [text.decode() for text in answer.outputs[0].contents.bytes_contents]
    (raw,) = answer.raw_output_contents
    found, place = [], 0
    while place < len(raw):
        (size,) = struct.unpack_from("<I", raw, place)
        found.append(raw[place + 4 : place + 4 + size].decode())
        place += 4 + size
    return found


def framed(message: Any) -> bytes:
    """Return the bytes that HTTP/2 carries: uncompressed, and how many there are, in front of them."""
    content: bytes = message.SerializeToString()
    return struct.pack(">BI", 0, len(content)) + content


def main(port: str, model: str) -> None:
    """Ask, and write what was sent and what came."""
    asked = request(model, json.load(sys.stdin))
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        answer = service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer(
            asked, timeout=TIMEOUT_S, wait_for_ready=True
        )
    said = {"body": base64.b64encode(framed(asked)).decode(), "answer_bytes": len(framed(answer))}
    print(json.dumps({**said, "labels": labels(answer)}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
