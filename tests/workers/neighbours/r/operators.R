# Gives an operator another meaning.
`+` <- function(e1, e2) base::`+`(e1, base::`*`(2, e2))

fit <- function(x, y) structure(list(mean = mean(y)), class = "neighbour")

predict.neighbour <- function(object, newdata, ...) rep(object$mean, nrow(newdata))
