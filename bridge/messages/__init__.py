"""Requests by message: from brokers in, to workers as every prediction, and answers to where they are wanted."""
