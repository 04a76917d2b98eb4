fit <- function(x, y) {
  x +* y
}
