library(mgcv)

fit <- function(x, y) gam(y ~ s(Petal.Width, k = 5), binomial, data = x)
