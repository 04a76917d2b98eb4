# Leaves an object in the global environment.
assign("left_behind", TRUE, globalenv())

fit <- function(x, y) structure(list(mean = mean(y)), class = "neighbour")

predict.neighbour <- function(object, newdata, ...) rep(object$mean, nrow(newdata))
