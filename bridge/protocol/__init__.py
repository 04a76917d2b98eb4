"""What is on the wire, and what a language must do: messages, their encoding, what belongs together. No sockets."""
