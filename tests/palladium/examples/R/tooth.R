library(randomForest)

dataset <- function(keep = 60) {
  rows <- ToothGrowth[round(seq(1, 60, length.out = keep)), ]
  list(rows[c("supp", "dose")], rows$len)
}

train.randomForest <- function(x, y, ...) {
  stopifnot(is.factor(x$supp))
  set.seed(1)
  randomForest(x, y, ...)
}
