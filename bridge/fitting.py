"""The former name of `triglot.training.fit_worker`."""

from triglot.training.fit_worker import Bench, bench, fit

__all__ = ["Bench", "bench", "fit"]
