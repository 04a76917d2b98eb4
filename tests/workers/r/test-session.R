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
  expect_match(load_model(as.raw(1:20), new.env())[[3]][[1]], "unknown input format")
})
