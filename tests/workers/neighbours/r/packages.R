# Attaches packages that hide functions of others.
library(nnet)
library(rpart)
library(survival)

fit <- function(x, y) structure(list(mean = mean(y)), class = "neighbour")

predict.neighbour <- function(object, newdata, ...) rep(object$mean, nrow(newdata))
