"""How a service is at the moment, as one value that a table and a page show: its models, workers, jobs and troubles."""
