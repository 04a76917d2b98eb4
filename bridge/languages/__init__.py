"""The languages: how a worker of each is started, what is missing where one cannot be, and what mends it."""
