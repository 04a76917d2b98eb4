"""A model whose answer tells what it finds of the process that it shares with others."""

import decimal
import locale
import logging
import os
import statistics
import sys
import warnings
import zlib

import numpy as np
import pandas as pd
import sklearn
from sklearn.base import BaseEstimator, RegressorMixin


class Model(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict(self, X):
        found = [
            float(np.mean([1.0, 2.0, 6.0])),
            statistics.median([1, 2, 30]),
            pd.get_option("display.precision"),
            pd.get_option("mode.string_storage"),
            np.geterr(),
            sklearn.get_config(),
            os.environ.get("NEIGHBOUR"),
            os.getcwd(),
            locale.setlocale(locale.LC_ALL),
            str(decimal.Decimal(1) / 3),
            [entry for entry in sys.path if "neighbour" in entry],
            [action for action, *_ in warnings.filters if action == "error"],
            logging.root.level,
            logging.root.manager.disable,
        ]
        return np.full(len(X), float(zlib.crc32(repr(found).encode()) % 1_000_000))
