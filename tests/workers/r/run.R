# Rscript tests/workers/r/run.R: the tests of the R files, from any working directory; exits with 1 on a failure.
library(testthat)

# not in the global environment, which each script has for itself
results <- local({
  here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[[1L]])))
  shim <- new.env(parent = baseenv())
  for (path in sort(list.files(file.path(here, "../../../workers/r"), pattern = "[.]R$", full.names = TRUE))) {
    sys.source(path, shim)
  }
  env <- new.env(parent = globalenv())
  for (name in ls(shim, all.names = TRUE)) assign(name, get(name, shim), env)
  env$author <- function(text, envir = parent.frame()) {
    folder <- withr::local_tempdir(.local_envir = envir)
    path <- file.path(folder, "model.R")
    writeLines(text, path)
    env$load_script(path, folder)
  }

  as.data.frame(test_dir(here, env = env, reporter = "summary", stop_on_failure = FALSE, load_package = "none"))
})
failed <- sum(results$failed) + sum(results$error)
cat(sum(results$nb), "expectations,", sum(results$skipped), "tests skipped,", failed, "failed\n")
quit(status = if (failed || !nrow(results)) 1L else 0L)
