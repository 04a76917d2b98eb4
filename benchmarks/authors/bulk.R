# The models of R that are asked for many rows: what is served, and what a plain R asks.

lda <- function(x, y) MASS::lda(x, y)

forest <- function(x, y) {
  library(randomForest)
  set.seed(1)
  randomForest(x, y, ntree = 100)
}
