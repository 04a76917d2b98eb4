"""HTTP in, HTTP out. Nothing in this room opens a socket or a database, and no model lives here."""
