library(randomForest)

dataset <- function() {
  list(iris[1:4], iris$Species)
}

train.randomForest <- function(x, y, ...) {
  set.seed(1)
  randomForest(x, as.factor(y), ...)
}
