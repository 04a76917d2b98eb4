"""Commands of deployments are run in this process, in a folder of the test's own."""

from tests.cli.conftest import here

__all__ = ["here"]
