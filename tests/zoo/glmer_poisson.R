library(lme4)

fit <- function(x, y) glmer(y ~ wool + (1 | tension), data = x, family = poisson)
