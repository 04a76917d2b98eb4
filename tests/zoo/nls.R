fit <- function(x, y) nls(y ~ a * speed^b, data = x, start = list(a = 1, b = 1))
