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

test_that("levels that a model does not know are told with the column and those that it knows, in any language", {
  known <- data.frame(y = c(1, 2, 3, 4), town = c("Bern", "Bonn", "Bern", "Bonn"))
  model <- lm(y ~ town, known)
  for (language in c("en", "de")) {
    failure <- guarded({
      before <- Sys.getenv("LANGUAGE")
      on.exit(Sys.setenv(LANGUAGE = before))
      Sys.setenv(LANGUAGE = language)
      predict(model, data.frame(town = c("Bonn", "Ys")))
    })[[3]]
    expect_identical(failure[4:6], list("town", "Ys", c("Bern", "Bonn")))
  }
})

test_that("an error that is none of unknown levels tells of none", {
  expect_length(guarded(lm(y ~ town, data.frame(y = 1)))[[3]], 3)
  expect_length(guarded(stop("factor town has new level Ys"))[[3]], 3)
})
