"""`python -m benchmarks.bulk`: many rows a request, against the bare `predict` of the same models in plain R and Python.

A thousand rows of JSON by POST, over and over; a million rows of Arrow by one. Whatever is compared runs in turn, several
times over in the same run, and the best of each counts: a machine that others use only ever makes things slower. The
answers are checked before they are timed.
"""

import argparse
import http.client
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks import systems
from triglot.launch import missing, r_executable

ROWS, FEW = 1_000_000, 1_000
FIELDS = ("sepal length", "sepal width", "petal length", "petal width")
AUTHORS = Path(__file__).parent / "authors"
ARROW = "application/vnd.apache.arrow.stream"
GOAL = 0.7
"""
python: a logistic regression and a forest; r: a linear model and a random forest
"""
