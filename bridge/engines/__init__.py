"""Engines: what has the parts of a large piece of work done, each by a process that executes."""
