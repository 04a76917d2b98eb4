test_that("a value comes back with its warnings, in order", {
  result <- guarded({
    warning("first")
    warning("second")
    42
  })
  expect_identical(result, list(42, c("first", "second"), NULL))
})

test_that("a failure is told by message, class and the author's calls with file and line", {
  env <- author(c(
    "inner <- function(n) {",
    "  stop(\"no \", n)",
    "}",
    "fit <- function(x, y) inner(length(x))"
  ))[[1]]
  failure <- fit_model(env, "fit", list(1, 2), 3, list(), NULL)[[3]]
  expect_identical(failure[[1]], "no 2")
  expect_identical(failure[[2]], "simpleError")
  lines <- strsplit(failure[[3]], "\n")[[1]]
  expect_match(lines[[1]], "^3: stop\\(.*\\) at model.R#2$")
  expect_match(lines[[2]], "^2: inner\\(length\\(x\\)\\) at model.R#4$")
  expect_identical(lines[[3]], "1: fit(x, y)")
  expect_length(lines, 3)
})

test_that("an error that the author catches is no failure", {
  expect_identical(guarded(tryCatch(stop("a"), error = function(e) "caught"))[[1]], "caught")
})

test_that("classed errors keep their class, and odd ones get a message", {
  odd <- structure(class = c("odd", "error", "condition"), list(message = NULL, call = NULL))
  expect_identical(guarded(stop(odd))[[3]][1:2], list("an error of class odd", "odd"))
})

test_that("endless recursion is a failure with a short traceback", {
  env <- author("fit <- function(x, y) fit(x, y)")[[1]]
  failure <- fit_model(env, "fit", 1, 2, list(), NULL)[[3]]
  expect_match(failure[[1]], "nested too deeply|C stack usage")
  expect_lte(length(strsplit(failure[[3]], "\n")[[1]]), 31)
})
