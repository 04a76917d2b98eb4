# A model that keeps what it learned outside of what it returns.

fit <- function(x, y) {
  centres <<- tapply(x$size, y, mean)
  structure(list(), class = "outside")
}

predict_labels <- function(model, x) {
  names(centres)[apply(abs(outer(x$size, centres, "-")), 1L, which.min)]
}
