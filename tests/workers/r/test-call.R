test_that("the author's function is called by names, without the data in the call", {
  env <- author("fit <- function(x, y, ...) match.call()")[[1]]
  call <- fit_model(env, "fit", 1:1e5, 1:1e5, list(ntree = 5L, tag = "a"), NULL)[[1]]
  expect_identical(call, quote(fit(x = x, y = y, ntree = 5L, tag = "a")))
})

test_that("a model without a target is fitted on x alone", {
  env <- author("fit <- function(x, k = 2) length(x) + k")[[1]]
  expect_identical(fit_model(env, "fit", 1:3, NULL, list(k = 4), NULL)[[1]], 7)
})

test_that("a seed makes a fit repeatable", {
  env <- author("fit <- function(x, y) runif(1)")[[1]]
  first <- fit_model(env, "fit", 0, 0, list(), 7L)[[1]]
  expect_identical(fit_model(env, "fit", 0, 0, list(), 7L)[[1]], first)
})

test_that("predict() finds the S3 methods of the script", {
  env <- author(c(
    "predict.flip <- function(object, newdata, swap = FALSE, ...) {",
    "  if (swap) rep('b', nrow(newdata)) else rep('a', nrow(newdata))",
    "}"
  ))[[1]]
  model <- structure(list(), class = "flip")
  answers <- new_predictor(model, env, c("a", "b"), FALSE, c("", ""))
  rows <- data.frame(x = 1:2)
  expect_identical(answers[[1]](rows), list(c(0L, 0L), character(), NULL))
  expect_identical(answers[[1]](rows, swap = TRUE)[[1]], c(1L, 1L))
})

test_that("functions named by the author are asked instead of predict()", {
  env <- author(c(
    "classes <- function(model, x) ifelse(x$x > model, 'b', 'a')",
    "shares <- function(model, x) cbind(b = x$x, a = 1 - x$x)"
  ))[[1]]
  answers <- new_predictor(0.5, env, c("a", "b"), FALSE, c("classes", "shares"))
  rows <- data.frame(x = c(0.25, 0.75))
  expect_identical(answers[[1]](rows)[[1]], c(0L, 1L))
  expect_equal(answers[[2]](rows)[[1]], matrix(c(0.75, 0.25, 0.25, 0.75), 2))
})

test_that("shares in a data.frame or a list are taken of a model of which nothing is known, other numbers are not", {
  asked <- function(line) {
    env <- author(sprintf("predict.tidy <- function(object, new_data, type = 'class', ...) %s", line))[[1]]
    new_predictor(structure(list(), class = "tidy"), env, c("no", "yes"), FALSE, c("", ""))[[2]](data.frame(p = c(0.2, 1)))
  }
  whole <- "data.frame(.pred_no = 1 - new_data$p, .pred_yes = new_data$p)"
  expect_identical(asked(whole)[[1]], matrix(c(0.8, 0, 0.2, 1), 2L))
  expect_identical(asked(sprintf("list(class = 'no', prob = %s)", whole))[[1]], matrix(c(0.8, 0, 0.2, 1), 2L))
  winners <- "data.frame(class = ifelse(new_data$p > 0.5, 'yes', 'no'), confidence = pmax(new_data$p, 1 - new_data$p))"
  for (line in c(winners, "data.frame(a = new_data$p, b = new_data$p)", "list(prob = cbind(new_data$p, 0.9))")) {
    expect_match(asked(line)[[3]][[1]], "did not answer probabilities")
  }
})
