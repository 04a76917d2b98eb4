"""A plugin for pytest that lets Palladium's own tests be parts of our `palladium.tests`: they name each other by it."""

import importlib
import os

importlib.import_module("palladium")
importlib.import_module("palladium.tests").__path__ = [os.environ["PALLADIUM_SUITE"]]  # type: ignore[attr-defined]
