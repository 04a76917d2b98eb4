# Attaches a package and a list.
library(MASS)
attach(list(left_here = 1), name = "neighbour")

fit <- function(x, y) structure(list(mean = mean(y)), class = "neighbour")

predict.neighbour <- function(object, newdata, ...) rep(object$mean, nrow(newdata))
