# A model that has no number for large sizes.

fit <- function(x, y) structure(list(), class = "holes")

predict_labels <- function(model, x) ifelse(x$size > 27, NaN, x$size)
