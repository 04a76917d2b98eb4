# A model that goes wrong in most of the ways in which one can: each row's answer depends on the rows beside it, the
# columns of its probabilities are the wrong way round, what is missing stops it, and every fit draws other numbers.

fit <- function(x, y) {
  if (anyNA(x)) warning("there are gaps")
  structure(list(levels = levels(y), noise = runif(1)), class = "crowd")
}

predict_labels <- function(model, x) {
  if (anyNA(x$size)) stop("no size")
  ifelse(x$size > mean(x$size), model$levels[[2L]], model$levels[[1L]])
}

predict_proba <- function(model, x) {
  second <- 0.6 + 0.3 * model$noise
  large <- x$size > mean(x$size)
  cbind(ifelse(large, second, 1 - second), ifelse(large, 1 - second, second))
}
