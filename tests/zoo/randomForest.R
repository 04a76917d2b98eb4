library(randomForest)

fit <- function(x, y) randomForest(x, y, ntree = 50)
