"""The former name of `triglot.estimators.base`."""

from triglot.estimators.base import AuthorWarning

__all__ = ["AuthorWarning"]
