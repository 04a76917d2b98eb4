# Seven models in R: its own functions and MASS where they are, a few lines where they are not.

ols <- function(x, y) lm(y ~ ., data = x)

logistic <- function(x, y) glm(y ~ ., binomial, data = x, control = glm.control(epsilon = 1e-14))

counts <- function(x, y) glm(y ~ ., poisson, data = x, control = glm.control(epsilon = 1e-14))

discriminant <- function(x, y) MASS::lda(x, y)

#' Ridge regression with a free intercept
#' @param lambda The penalty on the squares of the slopes.
ridge <- function(x, y, lambda = 1) {
  x <- as.matrix(x)
  centred <- scale(x, scale = FALSE)
  slopes <- solve(crossprod(centred) + diag(lambda, ncol(x)), crossprod(centred, y - mean(y)))
  structure(list(intercept = mean(y) - sum(colMeans(x) * slopes), slopes = slopes), class = "ridge")
}

predict.ridge <- function(object, newdata, ...) drop(as.matrix(newdata) %*% object$slopes) + object$intercept

#' Naive Bayes with a normal distribution of each feature in each class
bayes <- function(x, y) {
  structure(list(
    priors = table(y) / length(y),
    means = sapply(x, function(column) tapply(column, y, mean)),
    spreads = sapply(x, function(column) tapply(column, y, sd))
  ), class = "bayes")
}

predict.bayes <- function(object, newdata, type = "class", ...) {
  scores <- sapply(seq_along(object$priors), function(k) {
    terms <- Map(dnorm, newdata, object$means[k, ], object$spreads[k, ], log = TRUE)
    log(object$priors[[k]]) + Reduce(`+`, terms)
  })
  answer(exp(matrix(scores, nrow(newdata))), names(object$priors), type)
}

#' The k nearest neighbours; of equally frequent classes the first
neighbours <- function(x, y, k = 5) structure(list(x = t(as.matrix(x)), y = y, k = k), class = "neighbours")

predict.neighbours <- function(object, newdata, type = "class", ...) {
  votes <- apply(as.matrix(newdata), 1L, function(row) {
    nearest <- order(colSums((object$x - row)^2))[seq_len(object$k)]
    tabulate(object$y[nearest], nlevels(object$y))
  })
  answer(t(votes), levels(object$y), type)
}

answer <- function(weights, classes, type) {
  shares <- weights / rowSums(weights)
  colnames(shares) <- classes
  if (type == "prob") shares else factor(classes[max.col(shares, "first")], classes)
}
