"""What a service counts, and how it is, as Prometheus reads it."""
