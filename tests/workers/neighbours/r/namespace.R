# Changes a function of a package.
unlockBinding("sd", asNamespace("stats"))
assign("sd", function(x, na.rm = FALSE) 0, asNamespace("stats"))

fit <- function(x, y) structure(list(mean = mean(y)), class = "neighbour")

predict.neighbour <- function(object, newdata, ...) rep(object$mean, nrow(newdata))
