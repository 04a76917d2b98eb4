# The models of R of which much is asked: what is served, and what a plain R asks.

linear <- function(x, y) lm(y ~ ., data = cbind(x, y = y))

forest <- function(x, y) {
  ranger::ranger(y ~ ., data = cbind(x, y = y), num.trees = 20, seed = 1, num.threads = 1)
}

forest_answers <- function(object, newdata, ...) {
  predict(object, newdata, num.threads = 1)$predictions
}

# One that takes its time, for searches and for the models of many scopes.
slow <- function(x, y, trees = 300L, depth = 8L) {
  ranger::ranger(y ~ ., data = cbind(x, y = y), num.trees = trees, max.depth = depth, seed = 1, num.threads = 1)
}
