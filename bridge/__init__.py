"""Triglot: predictive models written in R, Julia and Python behind one HTTP API.

This package is imported in every process, so it holds the version and nothing else.
"""

__version__ = "0.1.0"
