"""The modules that Palladium had, under its names for them; `triglot.aliases` lets them be imported as `palladium`."""
