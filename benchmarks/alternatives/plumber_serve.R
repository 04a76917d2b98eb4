# Rscript plumber_serve.R FILE PORT: serves a file of plumber's annotations on this machine alone.

arguments <- commandArgs(trailingOnly = TRUE)
api <- plumber::plumb(arguments[[1]])
api$run(host = "127.0.0.1", port = as.integer(arguments[[2]]), docs = FALSE, quiet = TRUE)
