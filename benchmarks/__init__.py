"""The project's own measurements: `make bench` runs everything side by side, in one run, on this machine."""
