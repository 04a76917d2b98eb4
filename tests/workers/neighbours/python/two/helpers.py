"""A module of a name that another project has, too."""

NUMBER = 2.0
