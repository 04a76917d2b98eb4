# Rscript benchmarks/worlds.R: what it costs to call one script of R after another in one process, in microseconds a call.
local({
  here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[[1L]])))
  shim <- new.env(parent = baseenv())
  for (path in sort(list.files(file.path(here, "../workers/r"), pattern = "[.]R$", full.names = TRUE))) {
    sys.source(path, shim)
  }
  script <- function(...) {
    path <- tempfile(fileext = ".R")
    writeLines(c(..., "answer <- function() 1"), path)
    shim$load_script(path, dirname(path))[[1L]]
  }
  cost <- function(one, other, times = 1000L) {
    begun <- proc.time()[["elapsed"]]
    for (i in seq_len(times)) {
      shim$guarded(one$answer(), one)
      shim$guarded(other$answer(), other)
    }
    round((proc.time()[["elapsed"]] - begun) / times / 2 * 1e6)
  }
  plain <- script()
  others <- list(
    "the same script" = plain,
    "another" = script(),
    "other options" = script("options(OutDec = ',')"),
    "another time zone" = script("Sys.setenv(TZ = 'Asia/Tokyo')"),
    "packages that mask nothing" = script("library(nnet)"),
    "packages that mask something" = script("library(MASS)", "attach(list(sd = 1), name = 'mine', warn.conflicts = FALSE)")
  )
  for (name in names(others)) cat(sprintf("%-30s %6.0f\n", name, cost(plain, others[[name]])))
})
