# Registers a method for everybody.
registerS3method("format", "shared", function(x, ...) "a neighbour's", envir = baseenv())

fit <- function(x, y) structure(list(mean = mean(y)), class = "neighbour")

predict.neighbour <- function(object, newdata, ...) rep(object$mean, nrow(newdata))
