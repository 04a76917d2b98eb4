library(ranger)

fit <- function(x, y) ranger(x = x, y = y, num.trees = 50, num.threads = 1)
