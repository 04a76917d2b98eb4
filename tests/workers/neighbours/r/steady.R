# A model that answers by a function of a package, wherever its process stands.

fit <- function(x, y) structure(list(), class = "steady")

predict.steady <- function(object, newdata, ...) rep(stats::sd(c(1, 2, 3)), nrow(newdata))
