"""A module of a name that another project has, too."""

NUMBER = 1.0
