"""The former name of `triglot.serving.service`."""

from triglot.serving.service import Prediction, Service

__all__ = ["Prediction", "Service"]
