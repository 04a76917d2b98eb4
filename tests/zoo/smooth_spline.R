fit <- function(x, y) smooth.spline(x$speed, y)
