library(VGAM)

fit <- function(x, y) vglm(y ~ wool * tension, poissonff, data = x)
