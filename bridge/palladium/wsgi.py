"""`palladium.wsgi`: importing it reads the configuration and makes the application."""

from triglot.server.wsgi import app

__all__ = ["app"]
