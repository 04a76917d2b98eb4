"""Bytes on and off a socket: how workers are found, keys of CURVE, names of requests."""
