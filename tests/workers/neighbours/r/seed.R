# Sets a seed and another kind of random numbers.
RNGkind("Wichmann-Hill")
set.seed(1)

fit <- function(x, y) structure(list(mean = mean(y)), class = "neighbour")

predict.neighbour <- function(object, newdata, ...) rep(object$mean, nrow(newdata))
