test_that("a model comes back from its bytes, with the script's environment in the place of a copy", {
  text <- c("big <- rnorm(1e5)", "fit <- function(x, y) lm(y ~ x)", "make <- function() function() big[[1]]")
  env <- author(text)[[1]]
  bytes <- dump_model(env$make(), env)[[1]]
  expect_lt(length(bytes), 20000)
  again <- author(text)[[1]]
  loaded <- load_model(bytes, again)[[1]]
  expect_identical(parent.env(environment(loaded)), again)
  expect_identical(loaded(), again$big[[1]])
})

test_that("a missing package is named with its version", {
  failure <- restore_packages(list(nowhere = "1.2"), character())[[3]]
  expect_match(failure[[1]], "cannot be loaded here: nowhere 1.2; install")
})

test_that("another version of a package is a warning", {
  result <- restore_packages(list(testthat = "0.0.1"), character())
  expect_true(result[[1]])
  expect_match(result[[2]], "fitted with testthat 0.0.1, here is")
})

test_that("bytes that are no model are a failure", {
  expect_match(load_model(as.raw(1:20), new_script("none"))[[3]][[1]], "unknown input format")
})

test_that("collecting runs the finalisers that are due", {
  told <- character()
  local({
    reg.finalizer(new.env(), function(e) told <<- c(told, "gone"))
  })
  expect_true(collect()[[1]])
  expect_identical(told, "gone")
})

test_that("another version of R is a warning", {
  expect_match(restore_packages(list(), character(), "3.6.0")[[2]], "fitted with R 3.6.0, here is ")
})

# A package as small as there can be, installed into a library of its own.
library_with <- function(folder, answer) {
  source <- file.path(withr::local_tempdir(), "tiny.tools")
  dir.create(file.path(source, "R"), recursive = TRUE)
  writeLines(c("Package: tiny.tools", "Version: 0.1", "Title: Tiny", "License: none"), file.path(source, "DESCRIPTION"))
  writeLines("export(answer)", file.path(source, "NAMESPACE"))
  writeLines(sprintf("answer <- function() %d", answer), file.path(source, "R", "answer.R"))
  dir.create(folder, recursive = TRUE)
  install <- c("CMD", "INSTALL", "--no-docs", "--no-byte-compile", "--no-test-load", "--library", folder, source)
  expect_identical(system2(file.path(R.home("bin"), "R"), install, stdout = FALSE, stderr = FALSE), 0L)
}

test_that("libraries of the author and of an renv project beside the script come first; one that is gone is told", {
  before <- .libPaths()
  on.exit(.libPaths(before))
  project <- normalizePath(withr::local_tempdir())
  version <- paste0("R-", getRversion()[, 1:2])
  library_with(file.path(project, "renv", "library", version, R.version$platform), 42)
  result <- use_libraries(character(), project)
  expect_match(result[[1]][[1]], "renv/library")
  env <- author(c("library(tiny.tools)", "fit <- function(x, y) answer()"))[[1]]
  expect_identical(fit_model(env, "fit", 0, 0, list(), NULL)[[1]], 42)
  own <- file.path(project, "mine")
  dir.create(own)
  expect_identical(use_libraries(own, "/nowhere")[[1]][[1]], own)
  expect_match(use_libraries("/nowhere/at/all", "")[[2]], "no library folder /nowhere/at/all")
  detach("package:tiny.tools")
})

test_that("a model that R cannot serialise is dumped and loaded by the author's functions", {
  text <- c(
    "open <- textConnection('data')",
    "fit <- function(x, y) list(slope = 2, handle = attr(open, 'conn_id'))",
    "predict_labels <- function(model, x) {",
    "  if (identical(format(model$handle), '<pointer: (nil)>')) stop('the handle is gone')",
    "  model$slope * x$a",
    "}",
    "dump_model <- function(model) serialize(model$slope, NULL)",
    "load_model <- function(bytes) { m <- fit(0, 0); m$slope <- unserialize(bytes); m }",
    "dump_text <- function(model) 'text'"
  )
  env <- author(text)[[1]]
  model <- fit_model(env, "fit", 0, 0, list(), NULL)[[1]]
  ask <- function(model) new_predictor(model, env, NULL, FALSE, c("predict_labels", ""))[[1]](data.frame(a = 1:2))
  expect_match(ask(load_model(dump_model(model, env)[[1]], env)[[1]])[[3]][[1]], "the handle is gone")
  bytes <- dump_model(model, env, "dump_model")[[1]]
  expect_identical(ask(load_model(bytes, env, "load_model")[[1]])[[1]], c(2, 4))
  expect_match(dump_model(model, env, "dump_text")[[3]][[1]], "dump_text\\(\\) returned a character vector.*raw vector")
})
