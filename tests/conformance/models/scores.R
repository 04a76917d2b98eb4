# A classifier of two classes, whose shares are none for numbers above a limit: there the second one's is the number.
# Negative numbers have shares and no class.

fit <- function(x, y, limit) {
  structure(list(limit = limit, levels = levels(y)), class = "scores")
}

predict.scores <- function(object, newdata, type = "class") {
  if (type == "class") {
    if (any(newdata$code < 0)) stop("no class for a negative code")
    return(factor(rep(object$levels[[1L]], nrow(newdata)), object$levels))
  }
  second <- ifelse(newdata$code > object$limit, newdata$code, 0.5)
  matrix(c(1 - second, second), ncol = 2L, dimnames = list(NULL, object$levels))
}
