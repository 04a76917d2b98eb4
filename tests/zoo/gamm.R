suppressPackageStartupMessages(library(mgcv))

fit <- function(x, y) gamm(mpg ~ s(wt, k = 5) + hp, data = cbind(x, mpg = y))
