library(gbm)

# y is 0 or 1
fit <- function(x, y) gbm(y ~ ., "bernoulli", data.frame(x, y = y), n.trees = 40)
