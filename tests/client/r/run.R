# Rscript tests/client/r/run.R URL: the tests of triglot.R against the service of tests/client there.
library(testthat)

here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[[1L]])))
env <- new.env(parent = globalenv())
sys.source(file.path(here, "../../../bridge/client/triglot.R"), env)
env$url <- commandArgs(TRUE)[[1L]]

results <- as.data.frame(
  test_dir(here, env = env, reporter = "summary", stop_on_failure = FALSE, load_package = "none")
)
failed <- sum(results$failed) + sum(results$error)
cat(sum(results$nb), "expectations,", failed, "failed\n")
quit(status = if (failed || !nrow(results)) 1L else 0L)
