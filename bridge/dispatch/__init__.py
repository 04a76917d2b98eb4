"""How a request finds a worker, and what follows when one is lost; In threads and in an event loop."""

from triglot.dispatch.blocking import Answer, Client

__all__ = ["Answer", "Client"]
