library(lme4)

fit <- function(x, y) glmer(y ~ week + (1 | ID), data = x, family = binomial)
