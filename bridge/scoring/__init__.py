"""Scoring of large data by any engine: which version, which rows, by the worker processes of whoever executes it."""
