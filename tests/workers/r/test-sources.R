test_that("two scripts with the same names do not touch each other", {
  one <- author("helper <- function() 1; fit <- function(x, y) helper()")[[1]]
  two <- author("helper <- function() 2; fit <- function(x, y) helper()")[[1]]
  expect_identical(fit_model(one, "fit", 0, 0, list(), NULL)[[1]], 1)
  expect_identical(fit_model(two, "fit", 0, 0, list(), NULL)[[1]], 2)
  expect_false(exists("helper", globalenv()))
})

test_that("a script's own source() fills the script's environment", {
  folder <- withr::local_tempdir()
  writeLines("helper <- function() 'here'", file.path(folder, "helpers.R"))
  writeLines("source('helpers.R'); fit <- function(x, y) helper()", file.path(folder, "model.R"))
  env <- load_script(file.path(folder, "model.R"), folder)[[1]]
  expect_setequal(script_functions(env), c("fit", "helper"))
  expect_identical(fit_model(env, "fit", 0, 0, list(), NULL)[[1]], "here")
  expect_false(exists("helper", globalenv()))
})

test_that("a syntax error names file and line", {
  failure <- author(c("fit <- function(x, y) {", "  x +* y", "}"))[[3]]
  expect_match(failure[[1]], "^model.R:2:6: unexpected '\\*'")
})

test_that("an error while the script is read names file and line", {
  failure <- author(c("f <- function() stop('early')", "f()"))[[3]]
  expect_identical(failure[[1]], "early")
  expect_match(failure[[3]], "f\\(\\) at model.R#2")
})

test_that("quit() is an error instead of the end of the worker", {
  for (call in c("quit()", "q('no', 3)")) {
    expect_match(author(call)[[3]][[1]], "^quit\\(\\) was called")
  }
})

test_that("text beyond ASCII survives", {
  env <- author("fit <- function(x, y) 'Zürich'")[[1]]
  expect_identical(fit_model(env, "fit", 0, 0, list(), NULL)[[1]], "Z\u00fcrich")
})
