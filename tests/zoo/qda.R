library(MASS)

fit <- function(x, y) qda(y ~ ., data = x)
