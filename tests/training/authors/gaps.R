# A model that fails where a size is missing, and answers where a width is.

fit <- function(x, y) structure(list(), class = "gaps")

predict_labels <- function(model, x) {
  if (anyNA(x$size)) stop("no size")
  x$size + ifelse(is.na(x$wide), 0, x$wide)
}
