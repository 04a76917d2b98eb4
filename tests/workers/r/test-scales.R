counted <- function(model, data, y, env = author("nothing <- NULL")[[1]]) {
  answers <- new_predictor(model, env, NULL, FALSE, c("", ""))
  remarks_on(model, answers[[1]], answers[[2]], env, NULL, data, as.double(y))[[1]]
}

# a generalised linear model of a package of which nothing is known, which answers on the link's scale if it is not asked
speaks_links <- "predict.linked <- function(object, newdata, type = 'link', ...) {
  stats::predict.glm(structure(object, class = c('glm', 'lm')), newdata, type = type)
}"
linked <- function(...) structure(glm(...), class = "linked")

test_that("a model that answers on its link's scale is told what to write", {
  env <- author(speaks_links)[[1]]
  said <- counted(linked(breaks ~ wool + tension, poisson, warpbreaks), warpbreaks, warpbreaks$breaks, env)
  expect_match(said, "on the scale of its link \\(log\\), where the target is not: write 'predict_params': \\{'type': 'resp")
  said <- counted(linked(am ~ wt, binomial, mtcars), mtcars, mtcars$am, env)
  expect_match(said, "\\(logit\\).*predict_labels <- function\\(model, x\\) stats::family\\(model\\)\\$linkinv\\(predict\\(model, x\\)\\)")
})

test_that("only the function is advised where predict() has no scale of the response", {
  env <- author("predict.linked <- function(object, newdata, ...) stats::predict.glm(structure(object, class = 'glm'), newdata)")
  said <- counted(linked(breaks ~ wool, poisson, warpbreaks), warpbreaks, warpbreaks$breaks, env[[1]])
  expect_match(said, "the target is not: write a function predict_labels")
})

test_that("logarithms and logits are known without a family where they undo what is far from the target", {
  said <- counted(lm(log(breaks) ~ wool * tension, warpbreaks), warpbreaks, warpbreaks$breaks)
  expect_match(said, "predict answers logarithms, where the target is not: write a function .* exp\\(predict\\(model, x\\)\\)")
  logits <- structure(list(glm = glm(am ~ wt + hp, binomial, mtcars)), class = "hidden")
  env <- author("predict.hidden <- function(object, newdata, ...) stats::predict.glm(object$glm, newdata)")[[1]]
  expect_match(counted(logits, mtcars, mtcars$am, env), "predict answers logits.* plogis\\(predict\\(model, x\\)\\)")
})

test_that("nothing is said of ordinary models, good ones and bad ones", {
  noise <- transform(mtcars, count = rep(c(0, 3, 1, 7), 8), flag = rep(0:1, 16), small = qsec / 1000)
  quiet <- function(formula, data, y, fit = lm, ...) {
    expect_identical(counted(suppressWarnings(fit(formula, data = data, ...)), data, y), character())
  }
  quiet(mpg ~ ., mtcars, mtcars$mpg)
  quiet(count ~ wt + hp, noise, noise$count)
  quiet(flag ~ wt, noise, noise$flag)
  quiet(am ~ wt + hp, mtcars, mtcars$am)
  quiet(small ~ wt, noise, noise$small)
  quiet(breaks ~ wool + tension, warpbreaks, warpbreaks$breaks)
  quiet(count ~ wt, noise, noise$count, glm, family = poisson)
  quiet(breaks ~ wool + tension, warpbreaks, warpbreaks$breaks, glm, family = poisson)
  quiet(mpg ~ wt, mtcars, mtcars$mpg, glm, family = Gamma)
  quiet(am ~ wt, mtcars, mtcars$am, glm, family = binomial)
  quiet(flag ~ wt, noise, noise$flag, glm, family = binomial)
  quiet(mpg ~ wt, mtcars, mtcars$mpg, glm)
  quiet(time ~ age + sex, survival::lung, survival::lung$time)
  quiet(survival::Surv(time, status) ~ age, survival::lung, survival::lung$time, survival::coxph)
  quiet(dist ~ speed, cars, cars$dist, loess)
  quiet(mpg ~ ., mtcars, mtcars$mpg, rpart::rpart)
})

test_that("the share of the class that is answered is told from the share of a class", {
  levels <- c("no", "yes")
  asked <- function(shares) {
    env <- author(sprintf("predict.two <- function(object, newdata, type = 'class', ...) {
      p <- newdata$p
      if (type == 'class') ifelse(p > 0.5, 'yes', 'no') else %s
    }", shares))[[1]]
    model <- structure(list(), class = "two")
    answers <- new_predictor(model, env, levels, FALSE, c("", ""))
    x <- data.frame(p = c(0.1, 0.2, 0.4, 0.6, 0.7, 0.9))
    remarks_on(model, answers[[1]], answers[[2]], env, levels, x, double(6))[[1]]
  }
  expect_match(asked("pmax(p, 1 - p)"), "of 'yes' is never below 0.5, also where 'no' is answered: .* predict_proba\\(model, x\\)")
  expect_identical(asked("p"), character())
  expect_identical(asked("0.5 + p / 2"), character()) # another threshold
  expect_identical(asked("cbind(no = 1 - p, yes = p)"), character())
})
