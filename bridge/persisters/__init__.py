"""Persisters beside the SQL store: files, an HTTP server, S3, and one that takes new versions over by a rule.

They keep the layout of Palladium's persisters of the same names, so that a folder of its can be used on.
"""
