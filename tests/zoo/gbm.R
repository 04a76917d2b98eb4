library(gbm)

fit <- function(x, y) gbm(y ~ ., "gaussian", data.frame(x, y = y), n.trees = 40, n.minobsinnode = 3)
