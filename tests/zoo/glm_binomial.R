fit <- function(x, y) glm(y ~ ., binomial, data = x)
