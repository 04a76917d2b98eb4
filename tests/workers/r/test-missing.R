# What a row with a missing value gets, and that the rows beside it get what they always get. docs/r-authors.md has it.
flowers <- iris
flowers$Petal.Width[c(3, 70, 120)] <- NA
pairs <- droplevels(flowers[flowers$Species != "setosa", ])
pairs$group <- rep(1:5, 20)
air <- airquality[!is.na(airquality$Ozone), c("Ozone", "Solar.R", "Wind")]

#' "answered", "NA", "left out" or "fails", by what predict() itself does with the second of three rows
fate <- function(model, data, column, env, said = NULL) {
  levels <- levels(data$Species)
  complete <- which(stats::complete.cases(data))
  whole <- data[complete[round(c(0.1, 0.5, 0.9) * length(complete))], ]
  x <- whole
  x[[column]][2] <- NA
  answers <- new_predictor(model, env, levels, FALSE, c("", ""), list(said, NULL))
  told <- suppressMessages(answers[[1]](x))
  if (is.null(told[[3]])) {
    expect_equal(as.vector(told[[1]])[-2], as.vector(answers[[1]](whole)[[1]])[-2])
    return(if (anyNA(told[[1]])) "NA" else "answered")
  }
  why <- told[[3]][[1]]
  if (grepl("gave NA for rows 2;", why)) "NA" else if (grepl("rows with missing values may have", why)) "left out" else "fails"
}

expect_fate <- function(expected, package, fit, data, column, said = NULL) {
  if (!requireNamespace(package, quietly = TRUE)) return()
  env <- using(package)
  set.seed(1)
  model <- suppressMessages(suppressWarnings(eval(fit)))
  expect_identical(fate(model, data, column, env, said), expected, label = deparse(fit)[[1]])
}

# since 0.17 its trees have a way for what is missing
fate_of_ranger <- function() {
  known <- requireNamespace("ranger", quietly = TRUE) && utils::packageVersion("ranger") >= "0.17.0"
  if (known) "answered" else "fails"
}

test_that("a classifier answers a row with a missing value, or its failure is told", {
  of <- function(expected, package, fit, data = flowers) expect_fate(expected, package, fit, data, "Petal.Width")
  of("answered", "rpart", quote(rpart(Species ~ ., flowers)))
  of("answered", "e1071", quote(naiveBayes(Species ~ ., flowers)))
  of("answered", "party", quote(ctree(Species ~ ., flowers)))
  of("answered", "partykit", quote(ctree(Species ~ ., flowers)))
  of("NA", "stats", quote(glm(Species ~ Petal.Width, binomial, pairs)), pairs)
  of("NA", "mgcv", quote(gam(Species ~ s(Petal.Width, k = 4), binomial, pairs)), pairs)
  of("NA", "lme4", quote(glmer(Species ~ Petal.Width + (1 | group), pairs, family = binomial)), pairs)
  of("NA", "partykit", quote(glmtree(Species ~ Petal.Width | Sepal.Length, pairs, family = binomial)), pairs)
  of("NA", "randomForest", quote(randomForest(Species ~ ., flowers, na.action = na.omit)))
  of("NA", "MASS", quote(lda(Species ~ ., flowers)))
  of("NA", "MASS", quote(qda(Species ~ ., flowers)))
  of("NA", "nnet", quote(nnet(Species ~ ., flowers, size = 2, trace = FALSE)))
  of("NA", "nnet", quote(multinom(Species ~ Petal.Width, flowers, trace = FALSE)))
  of("NA", "rms", quote(lrm(Species ~ Petal.Width, pairs)), pairs)
  of("left out", "e1071", quote(svm(Species ~ ., flowers, probability = TRUE)))
  of("left out", "kernlab", quote(ksvm(Species ~ ., flowers)))
  of("left out", "mda", quote(mda(Species ~ ., flowers)))
  of("left out", "caret", quote(train(Species ~ ., flowers, method = "lda", na.action = na.omit)))
  of("left out", "VGAM", quote(vglm(Species ~ Petal.Width, binomialff, pairs)), pairs)
  of(fate_of_ranger(), "ranger", quote(ranger(Species ~ ., na.omit(flowers))))
  of("fails", "MASS", quote(glmmPQL(Species ~ Petal.Width, ~ 1 | group, binomial, na.omit(pairs), verbose = FALSE)), pairs)
})

test_that("a regression answers a row with a missing value, or its failure is told", {
  of <- function(expected, package, fit, ...) expect_fate(expected, package, fit, air, "Solar.R", ...)
  of("answered", "gbm", quote(gbm(Ozone ~ ., "gaussian", air, n.trees = 20)))
  of("NA", "stats", quote(lm(Ozone ~ ., air)))
  of("NA", "stats", quote(loess(Ozone ~ ., air)))
  of("NA", "stats", quote(nls(Ozone ~ a + b * Solar.R, air, start = list(a = 1, b = 1))))
  of("NA", "MASS", quote(rlm(Ozone ~ ., air)))
  of("NA", "mgcv", quote(gam(Ozone ~ s(Solar.R), data = air)))
  of("NA", "mgcv", quote(gamm(Ozone ~ s(Solar.R), data = air)))
  of("NA", "survival", quote(survreg(Surv(Ozone) ~ Solar.R, air)))
  of("NA", "earth", quote(earth(Ozone ~ Solar.R, na.omit(air))))
  of("NA", "pls", quote(plsr(Ozone ~ ., data = air)), list(ncomp = 1L))
  of("NA", "flexmix", quote(flexmix(Ozone ~ Solar.R, na.omit(air), k = 2)))
  of("left out", "e1071", quote(svm(Ozone ~ ., air)))
  of("left out", "rstanarm", quote(stan_glm(Ozone ~ Solar.R, data = air, chains = 1, iter = 200, refresh = 0, seed = 1)))
})
