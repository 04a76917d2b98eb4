"""The command line: one skin over the service, each command in a file of its family."""
