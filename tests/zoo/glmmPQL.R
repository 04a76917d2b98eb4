library(MASS)

fit <- function(x, y) glmmPQL(y ~ trt + week, ~ 1 | ID, binomial, data.frame(x, y), verbose = FALSE)
