fit <- function(x, y) loess(y ~ speed, data = x)
