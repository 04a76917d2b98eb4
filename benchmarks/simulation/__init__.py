"""A service of many containers on paper: a discrete-event simulation, fed with costs that were measured on one machine.

What the service decides is decided by its own code, which knows neither sockets nor clocks: `plan` and `Pace`
(`triglot.protocol.batching`) in a worker, `choose` (`triglot.dispatch.routing`) in a front end. Simulated are time,
processors, queues, callers, deaths and upgrades.
"""
