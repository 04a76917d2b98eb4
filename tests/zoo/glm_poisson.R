fit <- function(x, y) glm(y ~ wool * tension, poisson, data = x)
