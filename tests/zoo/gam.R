library(mgcv)

fit <- function(x, y) gam(y ~ s(wt, k = 5) + s(hp, k = 5), data = x)
