"""Which version answers, asked of a worker and turned back into labels: what a front end and the commands call."""
