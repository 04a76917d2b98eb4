"""Python, which is there wherever this is."""

from triglot.languages.language import Language

PYTHON = Language(key="python", name="Python", runtime="triglot.workers.python.runtime:PythonRuntime")
