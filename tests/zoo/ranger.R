library(ranger)

fit <- function(x, y) ranger(x = x, y = y, num.trees = 50, probability = TRUE, num.threads = 1)
