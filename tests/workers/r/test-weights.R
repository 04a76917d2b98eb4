weigh <- function(text, x = cars["speed"], y = cars$dist) {
  env <- author(text)[[1]]
  model <- fit_model(env, "fit", x, y, list(), NULL)[[1]]
  found <- weigh_model(model, env)
  expect_null(found[[3]])
  list(what = found[[1]][[1]], bytes = found[[1]][[2]], whole = length(dump_model(model, env)[[1]]))
}

test_that("what the frame of a formula holds is named, the largest first, with its bytes", {
  found <- weigh("fit <- function(x, y) {
    scratch <- matrix(0.5, 500, 500)
    lm(y ~ speed, data = x)
  }")
  expect_identical(found$what[[1]], "'scratch', in the environment of $terms")
  expect_gt(found$bytes[[1]], 8 * 500^2)
  expect_lt(found$bytes[[1]], found$whole)
  expect_gt(found$bytes[[1]], 0.9 * found$whole)
})

test_that("functions drag their frames along, those of frames around them, too", {
  found <- weigh("make <- function(table) function(v) v + 1
  fit <- function(x, y) {
    outer <- double(3e5)
    structure(list(step = make(double(2e5))), class = 'mine')
  }")
  expect_identical(found$what[[1]], "'table', in the environment of the function $step")
  found <- weigh("fit <- function(x, y) {
    outer <- double(3e5)
    make <- function(table) {
      force(table)
      function(v) v + 1
    }
    make(double(2e5))
  }")
  expect_identical(found$what[1:2], c("'outer', in the environment of the function itself", "'table', in the environment of the function itself"))
})

test_that("a model whose formula is its script's own, or that is an environment, drags nothing along", {
  plain <- weigh("big <- double(3e5)
  shape <- y ~ speed
  fit <- function(x, y) lm(shape, data = cbind(x, y = y))")
  expect_identical(plain$what, character())
  expect_lt(plain$whole, 1e5)
  ref <- weigh("Ref <- setRefClass('Ref', list(data = 'numeric'), methods = list(predict = function(x) 1))
  fit <- function(x, y) Ref$new(data = double(3e5))")
  expect_identical(ref$what, character())
})

test_that("a slimmed model drags nothing large along", {
  found <- weigh("fit <- function(x, y) {
    scratch <- matrix(0.5, 500, 500)
    x$y <- y + mean(scratch)
    rm(scratch)
    lm(y ~ speed, data = x)
  }")
  expect_false(any(grepl("scratch", found$what)))
  expect_lt(found$whole, 1e5)
})
