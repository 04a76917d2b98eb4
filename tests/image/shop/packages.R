install.packages(list.files("r_packages", full.names = TRUE), repos = NULL, type = "source")
