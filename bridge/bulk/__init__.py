"""Predictions for many rows: bodies and files are read in pieces, which workers answer, and written in their order.

`envelope` and `reading` make record batches of bytes, `conforming` makes tables of them that fit a model, `flow` has
them answered, `writing` makes bytes of the answers. Nothing here is imported by a process that never gets bulk.
"""
