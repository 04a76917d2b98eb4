library(randomForest)

fit <- function(x, y, ntree = 500, ...) {
  randomForest(x, y, ntree = ntree, ...)
}
