# The same names as in flip.R, other answers.
fit <- function(x, y, ...) structure(list(levels = levels(y)), class = "flip")

predict.flip <- function(object, newdata, ...) rep(object$levels[[1]], nrow(newdata))
