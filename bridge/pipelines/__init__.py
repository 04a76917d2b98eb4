"""Declared pipelines: what they take, what their steps do, how a run of one is asked for, and when one is due."""
