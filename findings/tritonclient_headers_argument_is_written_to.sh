#!/usr/bin/env bash
# tritonclient.http writes into the dictionary of headers that its caller passes: used again, the headers of a request
# with bytes go with the next one, which has none.
#
# Versions: tritonclient[http] 2.73.0.
# Behaviour: InferenceServerClient.infer(..., headers=mine) adds "Inference-Header-Content-Length" to mine itself when
#   an input is sent as bytes, as a number and not as text, and nothing takes it out again. The same mine is then sent
#   with a request that is JSON alone, and tells the server a length of JSON that is another request's.
# Seen: after the first call mine has the new key with an int; the second request, whose body is JSON alone and has no
#   need of the header, carries the length of the first one's JSON, which is not its own.
#   A caller who keeps one dictionary, with a token say, gets refusals that look like the server's fault; a fresh
#   dictionary a call (headers=dict(mine)) has none of it.
#
# Exits with 0 while this is so, with 1 once it has changed.
set -euo pipefail

work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/python" -m pip --quiet --disable-pip-version-check install 'tritonclient[http]==2.73.0'
"$work/env/bin/python" - <<'PYTHON'
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import tritonclient.http as triton

LENGTH = "Inference-Header-Content-Length"
heard: list[tuple[str | None, int]] = []


class Listening(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        heard.append((self.headers[LENGTH], len(body)))
        output = {"name": "y", "datatype": "FP64", "shape": [1], "data": [1.0]}
        answer = json.dumps({"model_name": "m", "outputs": [output]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


def tensor(name: str, *, as_bytes: bool) -> triton.InferInput:
    made = triton.InferInput(name, [1], "FP64")
    made.set_data_from_numpy(np.array([1.5]), binary_data=as_bytes)
    return made


server = ThreadingHTTPServer(("127.0.0.1", 0), Listening)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = triton.InferenceServerClient(f"127.0.0.1:{server.server_port}")
mine = {"Authorization": "Bearer token"}
plain = [triton.InferRequestedOutput("y", binary_data=False)]
client.infer("m", [tensor("with_bytes", as_bytes=True)], outputs=plain, headers=mine)
after_one = dict(mine)
client.infer("m", [tensor("x", as_bytes=False)], outputs=plain, headers=mine)
client.infer("m", [tensor("x", as_bytes=False)], outputs=plain, headers={"Authorization": "Bearer token"})
client.close()
server.shutdown()
(first, _), (second, second_bytes), (fresh, fresh_bytes) = heard
print("the caller's headers after one call:", after_one)
print("JSON alone, the same headers:", second, "of", second_bytes, "bytes; fresh headers:", fresh, "of", fresh_bytes)
written_to = isinstance(after_one.get(LENGTH), int)
carried_on = second == first and int(second or 0) != second_bytes and second_bytes == fresh_bytes
sys.exit(0 if written_to and carried_on and fresh is None else 1)
PYTHON
