"""The benchmarks are a package of the checkout, which the tests of it find by this import."""

import tests.checkout  # noqa: F401
