# Sets environment variables, the time zone among them.
Sys.setenv(NEIGHBOUR = "here", TZ = "Asia/Tokyo")

fit <- function(x, y) structure(list(mean = mean(y)), class = "neighbour")

predict.neighbour <- function(object, newdata, ...) rep(object$mean, nrow(newdata))
