"""A package of the shop's own, in python_packages/."""

MAX_ITER = 1000
