"""The former name of `triglot.estimators.session`."""

from triglot.estimators.session import close

__all__ = ["close"]
