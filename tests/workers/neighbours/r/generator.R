# Chooses another generator of random numbers.
RNGkind("Wichmann-Hill", "Box-Muller")
set.seed(3)

fit <- function(x, y) structure(list(mean = mean(y)), class = "neighbour")

predict.neighbour <- function(object, newdata, ...) rep(object$mean, nrow(newdata))
