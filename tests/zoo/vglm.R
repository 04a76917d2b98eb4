library(VGAM)

fit <- function(x, y) vglm(y ~ Sepal.Width, multinomial, data = x)
