"""The Open Inference Protocol, version 2: the same models for the clients of Triton, MLServer and KServe.

What knows no HTTP (`datatypes`, `tensors`, `outputs`, `inference`, `metadata`) serves whatever carries the protocol.
"""
