# Every class of model answers what it answers at home.
test_that("randomForest answers as at home", {
  skip_if_not_installed("randomForest")
  suppressPackageStartupMessages(library(randomForest))
  set.seed(1)
  model <- randomForest(three[1:4], three$Species, ntree = 20)
  expect_answers(model, three, function(m, x) predict(m, x), function(m, x) predict(m, x, type = "prob"))
})

test_that("a binomial glm answers the second class beyond one half", {
  model <- glm(Species ~ ., binomial, two)
  share <- function(m, x) predict(m, x, type = "response")
  classes <- function(m, x) ifelse(share(m, x) > 0.5, "virginica", "versicolor")
  expect_answers(model, two, classes, function(m, x) cbind(1 - share(m, x), share(m, x)))
})

test_that("a glm that is no classifier says so, and answers a regression on the response's scale", {
  model <- glm(round(Petal.Length) ~ Petal.Width, poisson, three)
  env <- author("nothing <- NULL")[[1]]
  failure <- new_predictor(model, env, c("a", "b"), FALSE, c("", ""))[[1]](three)[[3]]
  expect_match(failure[[1]], "glm of family poisson cannot tell 2 classes apart")
  numbers <- new_predictor(model, env, NULL, FALSE, c("", ""))[[1]]
  expect_equal(numbers(three)[[1]], unname(predict(model, three, type = "response")))
  expect_equal(numbers(three, type = "link")[[1]], unname(predict(model, three)))
})

test_that("rpart answers as at home", {
  skip_if_not_installed("rpart")
  model <- rpart::rpart(Species ~ ., three)
  expect_answers(model, three, function(m, x) predict(m, x, type = "class"), function(m, x) predict(m, x))
})

test_that("nnet answers as at home, for two and for three classes", {
  skip_if_not_installed("nnet")
  set.seed(1)
  raw <- function(m, x) predict(m, x, type = "raw")
  classes <- function(m, x) predict(m, x, type = "class")
  expect_answers(nnet::nnet(Species ~ ., three, size = 2, trace = FALSE), three, classes, raw)
  set.seed(1)
  expect_answers(
    nnet::nnet(Species ~ ., two, size = 2, trace = FALSE), two, classes, function(m, x) cbind(1 - raw(m, x), raw(m, x))
  )
  shares <- function(m, x) predict(m, x, type = "probs")
  expect_answers(nnet::multinom(Species ~ ., three, trace = FALSE), three, classes, shares)
  expect_answers(
    nnet::multinom(Species ~ ., two, trace = FALSE), two, classes, function(m, x) cbind(1 - shares(m, x), shares(m, x))
  )
})

test_that("lda and qda answer as at home", {
  skip_if_not_installed("MASS")
  for (fit in list(MASS::lda, MASS::qda)) {
    expect_answers(
      fit(Species ~ ., three), three, function(m, x) predict(m, x)$class, function(m, x) predict(m, x)$posterior
    )
  }
})

test_that("svm and naiveBayes answer as at home", {
  skip_if_not_installed("e1071")
  set.seed(1)
  model <- e1071::svm(Species ~ ., three, probability = TRUE)
  shares <- function(m, x) attr(predict(m, x, probability = TRUE), "probabilities")[, levels(three$Species)]
  expect_answers(model, three, function(m, x) predict(m, x), shares)
  expect_true(knows_probabilities(model))
  expect_false(knows_probabilities(e1071::svm(Species ~ ., three)))
  expect_answers(
    e1071::naiveBayes(Species ~ ., three), three, function(m, x) predict(m, x), function(m, x) predict(m, x, type = "raw")
  )
})

test_that("a ranger forest answers classes, and probabilities only where it was grown for them", {
  skip_if_not_installed("ranger")
  plain <- iris
  grown <- ranger::ranger(Species ~ ., plain, num.trees = 10, probability = TRUE, num.threads = 1, seed = 1)
  shares <- function(m, x) predict(m, x)$predictions
  expect_answers(grown, plain, function(m, x) levels(plain$Species)[max.col(shares(m, x), "first")], shares)
  expect_true(knows_probabilities(grown))
  expect_false(knows_probabilities(ranger::ranger(Species ~ ., plain, num.trees = 10, num.threads = 1, seed = 1)))
})

test_that("a model of class glm without a family is described, refused as a classifier, and asked as its author says", {
  env <- author(c(
    "predict.odd <- function(object, newdata, type) {",
    "  if (type == 'mine') rep(0.75, nrow(newdata)) else stop('no ', type)",
    "}",
    "shares <- function(model, x) cbind(a = x$x, b = 1 - x$x)",
    "labels <- function(model, x) rep('a', nrow(x))"
  ))[[1]]
  rows <- data.frame(x = c(0.25, 0.75))
  for (family in list(NULL, "binomial", function() 1)) {
    model <- structure(list(family = family), class = c("odd", "glm"))
    expect_identical(describe_model(model), list(c("odd", "glm"), FALSE))
    failure <- new_predictor(model, env, c("a", "b"), FALSE, c("", ""))[[1]](rows)[[3]]
    expect_match(failure[[1]], "a odd without a family cannot tell 2 classes apart")
    own <- new_predictor(model, env, c("a", "b"), FALSE, c("labels", "shares"))
    expect_identical(own[[1]](rows), list(c(0L, 0L), character(), NULL))
    expect_equal(own[[2]](rows)[[1]], matrix(c(0.25, 0.75, 0.75, 0.25), 2))
    said <- new_predictor(model, env, c("a", "b"), FALSE, c("", ""), list(NULL, list(type = "mine")))
    expect_equal(said[[2]](rows)[[1]], matrix(c(0.25, 0.25, 0.75, 0.75), 2))
    expect_identical(said[[1]](rows)[[1]], c(1L, 1L))
  }
})

test_that("where classes are the more probable ones, the author's own shares tell them", {
  env <- author("shares <- function(model, x) cbind(virginica = x, versicolor = 1 - x)")[[1]]
  answers <- new_predictor(glm(Species ~ Sepal.Width, binomial, two), env, levels(two$Species), FALSE, c("", "shares"))
  expect_identical(answers[[1]](c(0.75, 0.25))[[1]], c(1L, 0L))
  expect_match(answers[[1]](0.75, type = "link")[[3]][[1]], "leave `type` out")
})

test_that("a model that knows no probabilities says so, and its classes are answered", {
  skip_if_not_installed("e1071")
  model <- e1071::svm(Species ~ ., three)
  answers <- new_predictor(model, author("nothing <- NULL")[[1]], levels(three$Species), FALSE, c("", ""))
  expect_match(answers[[2]](three)[[3]][[1]], "this svm.formula knows no probabilities; fit it so that it does")
  expect_null(answers[[1]](three)[[3]])
})

test_that("what the configuration says replaces what is known of a class, and a call's own arguments win", {
  model <- glm(round(Petal.Length) ~ Petal.Width, poisson, three)
  env <- author("nothing <- NULL")[[1]]
  numbers <- new_predictor(model, env, NULL, FALSE, c("", ""), list(list(type = "link"), NULL))[[1]]
  expect_equal(numbers(three)[[1]], unname(predict(model, three)))
  expect_equal(numbers(three, type = "response")[[1]], unname(predict(model, three, type = "response")))
})

test_that("a path of models is refused until somebody says which", {
  skip_if_not_installed("glmnet")
  x <- as.matrix(mtcars[2:4])
  model <- glmnet::glmnet(x, mtcars$mpg)
  env <- author("nothing <- NULL")[[1]]
  expect_match(new_predictor(model, env, NULL, FALSE, c("", ""))[[1]](x)[[3]][[1]], "values of lambda; say which")
  numbers <- new_predictor(model, env, NULL, FALSE, c("", ""), list(list(s = 0.1), NULL))[[1]]
  expect_equal(numbers(x)[[1]], unname(predict(model, x, s = 0.1)[, 1]))
})

test_that("classes and methods of S4 and R5 belong to their script, and its models come back from their bytes", {
  text <- function(answer) {
    c(
      "setClass('Fixed', representation(n = 'numeric'))",
      sprintf("setMethod('predict', 'Fixed', function(object, newdata) rep(object@n + %d, nrow(newdata)))", answer),
      sprintf("Ref <- setRefClass('Ref', list(n = 'numeric'), methods = list(predict = function(x) rep(n * %d, nrow(x))))", answer),
      "s4 <- function(x, y) new('Fixed', n = 1)",
      "r5 <- function(x, y) Ref$new(n = 1)"
    )
  }
  path <- withr::local_tempfile(fileext = ".R")
  scripts <- lapply(1:2, function(answer) {
    writeLines(text(answer), path)
    load_script(path, dirname(path), new_script(paste0("script.", answer)))[[1]]
  })
  for (kind in c("s4", "r5")) {
    for (answer in 1:2) {
      env <- scripts[[answer]]
      model <- fit_model(env, kind, 0, 0, list(), NULL)[[1]]
      expected <- rep(if (kind == "s4") 1 + answer else answer, 2)
      again <- load_model(dump_model(model, env)[[1]], env)[[1]]
      for (held in list(model, again)) {
        found <- new_predictor(held, env, NULL, FALSE, c("", ""))[[1]](data.frame(a = 1:2))
        expect_null(found[[3]])
        expect_equal(found[[1]], expected)
      }
    }
  }
  expect_false(exists("Ref", globalenv()))
})

test_that("a model that takes any arguments and answers classes as it always does knows no probabilities", {
  for (answer in c("2", "2L", "factor('b', c('a', 'b'))")) {
    env <- author(paste0("predict.plain <- function(object, newdata, ...) rep(", answer, ", nrow(newdata))"))[[1]]
    levels <- if (answer == "2") c("1", "2") else c("a", "b")
    answers <- new_predictor(structure(list(), class = "plain"), env, levels, FALSE, c("", ""))
    expect_identical(answers[[1]](iris[1:2, ])[[1]], c(1L, 1L))
    expect_match(answers[[2]](iris[1:2, ])[[3]][[1]], "did not answer probabilities; if the model knows them, write")
  }
})
