# Installs what an application's renv.lock and packages.R ask for into the library that is the only argument.
#
#   Rscript restore.R LIBRARY        in the folder of these files

library_path <- commandArgs(trailingOnly = TRUE)[[1]]
dir.create(library_path, recursive = TRUE)
.libPaths(c(library_path, .libPaths()))

# The mirror that R's own list has first, unless the image or the lock file names another.
if (identical(getOption("repos")[["CRAN"]], "@CRAN@")) {
  options(repos = c(CRAN = utils::getCRANmirrors(local.only = TRUE)$URL[[1]]))
}
options(warn = 2) # a package that cannot be installed is only a warning to install.packages()

if (file.exists("renv.lock")) {
  if (!requireNamespace("renv", quietly = TRUE)) utils::install.packages("renv", lib = library_path)
  renv::restore(library = library_path, lockfile = "renv.lock", prompt = FALSE, clean = FALSE)
}
if (file.exists("packages.R")) source("packages.R", echo = TRUE)
