"""Fitting and judging: data in, a stored version out, by workers of one's own."""
