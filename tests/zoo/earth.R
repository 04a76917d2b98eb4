library(earth)

fit <- function(x, y) earth(x, y, glm = list(family = binomial))
