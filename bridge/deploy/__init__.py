"""Deployment: one description of a service, and every file that orchestrators want, made from it.

`description` checks each value once; `marathon`, `kubernetes`, `kserve`, `compose` and `nginx` make plain values or
text of it, and `text` writes them down. Nothing there opens a file or a connection. `post` talks to Marathon, and
`upgrade` puts a new back end behind nginx.
"""
