"""A server of S3's protocol on the loopback, run by the tests: s3_server.py PORT.

It answers one request at a time, so that a condition and the write that depends on it are one step, as in S3.
"""

import sys

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

if __name__ == "__main__":
    run_simple("127.0.0.1", int(sys.argv[1]), DomainDispatcherApplication(create_backend_app), threaded=False)
