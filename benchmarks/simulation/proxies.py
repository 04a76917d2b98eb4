"""What nginx costs before the service: the same answers by way of a second one."""

import os
from pathlib import Path

from benchmarks.floor import nginx
from benchmarks.load import Request, ask, wrk
from benchmarks.processes import free_port, served

NGINX = """daemon off; master_process off; pid {folder}/proxy.pid; error_log stderr;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000;
  client_body_temp_path {folder}; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  upstream behind {{ server 127.0.0.1:{behind}; keepalive 256; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
"""


def request_s(folder: Path, seconds: int, connections: int = 64) -> float:
    """Return the seconds of a processor that an nginx takes to pass a request on, and its answer back."""
    with nginx(folder) as behind:
        front = Request(free_port(), "/")
        conf = folder / "proxy.conf"
        conf.write_text(NGINX.format(folder=folder, port=front.port, behind=behind.port), "ascii")
        command = ["nginx", "-p", str(folder), "-e", "stderr", "-c", str(conf)]
        environ = {**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        with served(command, environ, folder / "proxy.log", lambda: ask(front) is not None) as running:
            before = running.cpu_s()
            load = wrk(front, connections, seconds)
            return (running.cpu_s() - before) / (load.requests_per_s * seconds)
