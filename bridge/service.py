"""The former name of `triglot.serving.service`."""

from triglot.serving.service import Prediction, Question, Service

__all__ = ["Prediction", "Question", "Service"]
