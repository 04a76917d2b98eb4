# Models of packages whose predict() answers on another scale, under other names or in another shape than R's own.
groups <- factor(rep(letters[1:5], 20))
grouped <- cbind(two, group = groups, count = rep(c(1, 3, 2, 5, 4, 2, 7), length.out = 100))

predictor_of <- function(model, levels = NULL, env = author("nothing <- NULL")[[1]]) {
  new_predictor(model, env, levels, FALSE, c("", ""))
}

expect_numbers <- function(model, data, at_home, ...) {
  force(model)
  for (rows in list(c(1, 60, 90), 60)) {
    found <- predictor_of(model, NULL, ...)[[1]](data[rows, ])
    expect_null(found[[3]])
    expect_equal(found[[1]], as.vector(at_home(model, data[rows, ])), tolerance = 1e-12)
  }
}

response <- function(m, x) predict(m, x, type = "response")
second <- function(m, x) cbind(1 - response(m, x), response(m, x))
more_probable <- function(m, x) ifelse(response(m, x) > 0.5, "virginica", "versicolor")

expect_two_classes <- function(model, ...) {
  expect_true(knows_probabilities(model))
  x <- grouped[c(1, 60, 90), ]
  answers <- predictor_of(model, levels(two$Species), ...)
  expect_equal(answers[[2]](x)[[1]], unname(second(model, x)), tolerance = 1e-12)
  expect_identical(levels(two$Species)[answers[[1]](x)[[1]] + 1L], as.vector(more_probable(model, x)))
}

test_that("lme4 answers counts as counts, and the more probable of two classes", {
  skip_if_not_installed("lme4")
  fit <- function(...) suppressMessages(suppressWarnings(lme4::glmer(..., data = grouped)))
  counts <- fit(count ~ Petal.Width + (1 | group), family = poisson)
  expect_numbers(counts, grouped, response)
  expect_false(knows_probabilities(counts))
  failure <- predictor_of(counts, levels(two$Species))[[1]](grouped)[[3]]
  expect_match(failure[[1]], "a glmerMod of family poisson cannot tell 2 classes apart")
  expect_two_classes(fit(Species ~ Sepal.Width + (1 | group), family = binomial))
  expect_numbers(suppressMessages(lme4::lmer(Petal.Length ~ Petal.Width + (1 | group), grouped)), grouped, predict)
})

test_that("glmmTMB answers counts as counts, and the more probable of two classes", {
  skip_if_not_installed("glmmTMB")
  fit <- function(...) suppressWarnings(glmmTMB::glmmTMB(..., data = grouped))
  expect_numbers(fit(count ~ Petal.Width + (1 | group), family = poisson), grouped, response)
  expect_two_classes(fit(Species ~ Sepal.Width + (1 | group), family = binomial))
})

test_that("glmmPQL answers counts as counts, and the more probable of two classes", {
  skip_if_not_installed("MASS")
  fit <- function(formula, family) {
    eval(bquote(MASS::glmmPQL(.(formula), ~ 1 | group, .(family), grouped, verbose = FALSE)), environment())
  }
  expect_numbers(fit(count ~ Petal.Width, quote(poisson)), grouped, response)
  expect_two_classes(fit(Species ~ Sepal.Width, quote(binomial)))
})

test_that("geeglm answers counts as counts, and the more probable of two classes", {
  skip_if_not_installed("geepack")
  fit <- function(formula, family) geepack::geeglm(formula, family, grouped, id = seq_len(nrow(grouped)))
  expect_numbers(fit(count ~ Petal.Width, poisson), grouped, response)
  expect_two_classes(fit(as.integer(Species) - 1 ~ Sepal.Width, binomial))
})

test_that("VGAM answers counts as counts, and the most probable of two and of three classes", {
  env <- using("VGAM")
  for (fit in list(vglm, vgam)) {
    expect_numbers(suppressWarnings(fit(count ~ Petal.Width, poissonff, grouped)), grouped, response, env)
    expect_two_classes(suppressWarnings(fit(Species ~ Sepal.Width, binomialff, grouped)), env)
  }
  most <- function(m, x) levels(three$Species)[max.col(response(m, x), "first")]
  model <- suppressWarnings(vglm(Species ~ Petal.Width, multinomial, three))
  expect_answers(model, three, most, response, env)
  model <- suppressWarnings(vglm(as.ordered(Species) ~ Sepal.Width, cumulative(parallel = TRUE), three))
  expect_answers(model, three, most, response, env)
})

test_that("a package keeps its methods of S4 where another script had some for the same function", {
  env <- using("VGAM")
  model <- suppressWarnings(vglm(Species ~ Petal.Width, multinomial, three))
  answers <- predictor_of(model, levels(three$Species), env)
  before <- answers[[2]](three[c(1, 60), ])
  other <- author(c(
    "setClass('Own', representation(n = 'numeric'))", "setMethod('predict', 'Own', function(object, newdata) object@n)"
  ))[[1]]
  expect_identical(guarded(eval(quote(predict(new("Own", n = 7), 1)), other), other)[[1]], 7)
  expect_identical(answers[[2]](three[c(1, 60), ]), before)
  expect_identical(guarded(eval(quote(predict(new("Own", n = 7), 1)), other), other)[[1]], 7)
})

test_that("lrm answers as at home, for two and for three classes", {
  skip_if_not_installed("rms")
  shares <- function(m, x) predict(m, x, type = "fitted.ind")
  model <- rms::lrm(Species ~ Sepal.Width, two)
  expect_answers(
    model, two, function(m, x) ifelse(shares(m, x) > 0.5, "virginica", "versicolor"),
    function(m, x) cbind(1 - shares(m, x), shares(m, x))
  )
  most <- function(m, x) levels(three$Species)[max.col(matrix(shares(m, x), nrow(x)), "first")]
  expect_answers(rms::lrm(Species ~ Sepal.Width, three), three, most, shares)
})

test_that("mgcv's families of several classes answer shares", {
  skip_if_not_installed("mgcv")
  coded <- cbind(three, code = as.integer(three$Species))
  most <- function(m, x) levels(three$Species)[max.col(response(m, x), "first")]
  expect_answers(mgcv::gam(code ~ Sepal.Width, mgcv::ocat(R = 3), coded), three, most, response)
  coded$code <- coded$code - 1
  model <- mgcv::gam(list(code ~ Sepal.Width, ~Sepal.Width), mgcv::multinom(K = 2), coded)
  expect_true(knows_probabilities(model))
  expect_answers(model, three, most, response)
})

test_that("party answers as at home, with shares a row each", {
  env <- using("party")
  grow <- list(ctree, function(...) {
    set.seed(1)
    cforest(..., controls = cforest_unbiased(ntree = 10, mtry = 2))
  })
  shares <- function(m, x) do.call(rbind, lapply(predict(m, newdata = x, type = "prob"), as.vector))
  for (fit in grow) {
    for (data in list(two, iris)) {
      model <- fit(Species ~ ., data)
      expect_answers(model, data, function(m, x) predict(m, newdata = x), shares, env)
      expect_true(knows_probabilities(model))
    }
    model <- fit(Sepal.Width ~ Petal.Width + Petal.Length, iris)
    expect_numbers(model, iris, function(m, x) predict(m, newdata = x), env)
    expect_false(knows_probabilities(model))
  }
})

test_that("mda and fda answer as at home", {
  skip_if_not_installed("mda")
  shares <- function(m, x) predict(m, x, type = "posterior")
  for (fit in list(mda::mda, mda::fda)) {
    for (data in list(two, three)) {
      expect_answers(suppressWarnings(fit(Species ~ ., data)), data, function(m, x) predict(m, x), shares)
    }
  }
})

test_that("earth answers classes, the shares of two where a binomial glm is beside it, and numbers as they are", {
  env <- using("earth") # looks for its contrasts on the search path
  fit <- function(data, glm = NULL) suppressWarnings(earth(Species ~ ., data, glm = glm))
  binomial_beside <- list(family = binomial)
  classes <- function(m, x) predict(m, x, type = "class")
  expect_answers(fit(two, binomial_beside), two, classes, second, env)
  for (model in list(fit(two), fit(three), fit(three, binomial_beside))) {
    expect_answers(model, if (length(model$levels) == 2L) two else three, classes, NULL, env)
    expect_match(predictor_of(model, model$levels, env)[[2]](iris)[[3]][[1]], "this earth knows no probabilities")
  }
  expect_true(knows_probabilities(fit(two, binomial_beside)))
  counts <- suppressWarnings(earth(count ~ Petal.Width, grouped, glm = list(family = poisson)))
  expect_numbers(counts, grouped, response, env)
})

test_that("kernlab's other classifiers answer as at home", {
  env <- using("kernlab")
  for (data in list(two, iris)) {
    model <- gausspr(Species ~ ., data, kpar = list(sigma = 0.5))
    expect_answers(model, data, predict, function(m, x) predict(m, x, type = "probabilities"), env)
    expect_true(knows_probabilities(model))
    model <- lssvm(Species ~ ., data, kpar = list(sigma = 0.5))
    expect_answers(model, data, predict, NULL, env)
    expect_false(knows_probabilities(model))
  }
})

test_that("a smoothing spline answers numbers, also beyond the data", {
  model <- smooth.spline(cars$speed, cars$dist)
  rows <- data.frame(speed = c(1, 10, 40))
  expect_equal(predictor_of(model)[[1]](rows)[[1]], predict(model, rows$speed)$y)
})

test_that("a model of pls answers once it is told how many components", {
  skip_if_not_installed("pls")
  model <- pls::plsr(Petal.Length ~ ., data = two[1:4])
  expect_match(predictor_of(model)[[1]](two)[[3]][[1]], "for each number of components from 1 to 3; say which")
  env <- author("nothing <- NULL")[[1]]
  numbers <- new_predictor(model, env, NULL, FALSE, c("", ""), list(list(ncomp = 2L), NULL))[[1]]
  expect_equal(numbers(two)[[1]], as.vector(predict(model, two, ncomp = 2L)))
})

test_that("partykit answers counts as counts, and the more probable of two classes", {
  env <- using("partykit")
  set.seed(1)
  expect_two_classes(glmtree(Species ~ Sepal.Width | Petal.Width, grouped, family = binomial), env = env)
  expect_numbers(glmtree(count ~ Petal.Width | Petal.Length, grouped, family = poisson), grouped, response, env)
  shares <- function(m, x) predict(m, x, type = "prob")
  for (model in list(ctree(Species ~ ., iris), cforest(Species ~ ., iris, ntree = 10L))) {
    expect_answers(model, iris, function(m, x) predict(m, x), shares, env)
  }
})

test_that("what mgcv's gamm answers is what the gam in it does", {
  env <- using("mgcv")
  fit <- function(...) suppressMessages(suppressWarnings(gamm(..., data = grouped, verbosePQL = FALSE)))
  counts <- fit(count ~ s(Petal.Width), family = poisson)
  expect_numbers(counts, grouped, function(m, x) predict(m$gam, x, type = "response"), env)
  binomial_one <- fit(Species ~ s(Sepal.Width), family = binomial)
  expect_true(knows_probabilities(binomial_one))
  answers <- predictor_of(binomial_one, levels(two$Species), env)
  expect_equal(answers[[2]](two[c(1, 60), ])[[1]], unname(second(binomial_one$gam, two[c(1, 60), ])), tolerance = 1e-12)
  expect_identical(answers[[1]](two[c(1, 60), ])[[1]], as.integer(response(binomial_one$gam, two[c(1, 60), ]) > 0.5))
  mine <- author("predict_labels <- function(model, x) rep(length(model), nrow(x))")[[1]]
  own <- new_predictor(counts, mine, NULL, FALSE, c("predict_labels", ""))
  expect_identical(own[[1]](two[1:2, ])[[1]], c(2, 2)) # the author's own function gets the whole
})

test_that("flexmix answers the mixture's numbers, and knows no classes", {
  env <- using("flexmix")
  set.seed(1)
  model <- flexmix(count ~ Petal.Width, grouped, k = 2, model = FLXMRglm(family = "poisson"))
  expect_numbers(model, grouped, function(m, x) predict(m, x, aggregate = TRUE)[[1]], env = env)
  expect_false(knows_probabilities(model))
})

test_that("rstanarm is asked for the rows of a request, which it takes by their name alone", {
  env <- using("rstanarm")
  fit <- function(formula, family) {
    suppressWarnings(stan_glm(formula, family, grouped, chains = 1, iter = 200, refresh = 0, seed = 1))
  }
  named <- function(m, x) predict(m, newdata = x, type = "response")
  expect_numbers(fit(count ~ Petal.Width, poisson), grouped, named, env = env)
  model <- fit(Species ~ Petal.Width, binomial)
  answers <- predictor_of(model, levels(two$Species), env)
  x <- grouped[c(1, 60), ]
  expect_equal(answers[[2]](x)[[1]], unname(cbind(1 - named(model, x), named(model, x))), tolerance = 1e-12)
  expect_identical(answers[[1]](x)[[1]], as.integer(unname(named(model, x)) > 0.5))
})

install <- function(name, code, library) {
  source <- file.path(withr::local_tempdir(), name)
  dir.create(file.path(source, "R"), recursive = TRUE)
  described <- c(paste("Package:", name), "Version: 1.0", "Title: Models", "License: none")
  writeLines(described, file.path(source, "DESCRIPTION"))
  writeLines("S3method(predict, weighed)\nimportFrom(stats, predict)", file.path(source, "NAMESPACE"))
  writeLines(code, file.path(source, "R", "models.R"))
  utils::install.packages(source, library, repos = NULL, type = "source", quiet = TRUE)
}

test_that("a package says itself how its models are asked", {
  library <- withr::local_tempdir()
  install("weighing", c(
    "predict.weighed <- function(object, newdata, scale = 'logit') {",
    "  if (scale == 'unit') rep(object$share, nrow(newdata)) else stop('no ', scale)",
    "}",
    "triglot_asks.weighed <- function(model) {",
    "  list(classes = 'shares', probabilities = list(scale = 'unit'), able = function(model) !is.null(model$share))",
    "}"
  ), library)
  loadNamespace("weighing", library)
  withr::defer(unloadNamespace("weighing"))
  answers <- predictor_of(structure(list(share = 0.75), class = c("weighed", "glm")), c("a", "b"))
  expect_equal(answers[[2]](cars[1:2, ])[[1]], matrix(c(0.25, 0.25, 0.75, 0.75), 2))
  expect_identical(answers[[1]](cars[1:2, ])[[1]], c(1L, 1L))
  none <- predictor_of(structure(list(), class = c("weighed", "glm")), c("a", "b"))
  expect_match(none[[2]](cars)[[3]][[1]], "this weighed knows no probabilities")
})
