"""Who may do what: scopes, callers, rates and tokens. HTTP's own part of it is in `triglot.server.access`."""
