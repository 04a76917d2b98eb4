suppressPackageStartupMessages(library(flexmix))

fit <- function(x, y) flexmix(y ~ wool + tension, cbind(x, y = y), k = 2, model = FLXMRglm(family = "poisson"))
