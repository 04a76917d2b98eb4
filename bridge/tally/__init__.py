"""What predictions have come to, version by version, in all processes of a front end together."""
