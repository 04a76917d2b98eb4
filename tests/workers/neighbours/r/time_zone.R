# Sets a time zone.
Sys.setenv(TZ = "Asia/Kathmandu")

fit <- function(x, y) structure(list(mean = mean(y)), class = "neighbour")

predict.neighbour <- function(object, newdata, ...) rep(object$mean, nrow(newdata))
