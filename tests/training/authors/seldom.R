# A model that reads a file of its folder where it is there, and only for a few rows.

fit <- function(x, y) structure(list(), class = "seldom")

predict_labels <- function(model, x) {
  more <- if (file.exists("rates.csv")) read.csv("rates.csv")$rate else 1
  ifelse(x$size %in% c(3, 11), x$size * more, x$size)
}
