# Models of a column of text, which R makes a factor of by itself, or as the formula says.
fit <- function(x, y) lm(y ~ ., data = cbind(x, y = y))

fit_factor <- function(x, y) lm(y ~ factor(`home town`), data = cbind(x, y = y))

fit_tree <- function(x, y) rpart::rpart(y ~ ., data = cbind(x, y = y), minsplit = 2)

# what it fails on is of its own making, and no caller's fault
fit_own <- function(x, y) {
  known <- lm(y ~ town, data = data.frame(town = x[["home town"]], y = y))
  structure(list(known = known), class = "own")
}

predict.own <- function(object, newdata, ...) predict(object$known, data.frame(town = "Atlantis"))
