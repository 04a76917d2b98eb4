fit <- function(x, y) MASS::polr(y ~ Sepal.Width, data = cbind(x, y = y), Hess = TRUE)
