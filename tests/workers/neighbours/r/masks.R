# Hides functions of R by functions of its own.
format <- function(...) "a neighbour's"
sd <- function(...) -1
Sys.getenv <- function(...) "nothing"

fit <- function(x, y) structure(list(mean = mean(y)), class = "neighbour")

predict.neighbour <- function(object, newdata, ...) rep(object$mean, nrow(newdata))
