# A model that loses its rows where there is only one: x[rows, ] without drop = FALSE is a vector then.

fit <- function(x, y) structure(list(mean = colMeans(as.matrix(x))), class = "drop")

predict_labels <- function(model, x) {
  ordered <- as.matrix(x)[order(x$size), ]
  rowSums(ordered)[order(order(x$size))]
}
