Line <- setRefClass("Line", fields = list(coefficients = "numeric"), methods = list(
  fit = function(x, y) {
    coefficients <<- coef(lm(y ~ ., x))
    invisible(.self)
  },
  predict = function(x) drop(cbind(1, as.matrix(x)) %*% coefficients)
))

fit <- function(x, y) Line$new()$fit(x, y)
