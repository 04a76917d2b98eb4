"""The Open Inference Protocol by gRPC: the same models, tensors and errors as by HTTP, at a port of its own."""
