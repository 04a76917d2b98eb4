#' Fit a logistic regression with two classes
#'
#' @param x A data.frame: the columns of the training data under their own names, without the target.
#' @param y A factor, whose levels are the classes.
#' @param degree The degree of the polynomial in `roast`: the best beans are neither pale nor burnt.
#' @return A fitted object; R's own `predict()` is asked for the answers.
fit <- function(x, y, degree = 2) {
  data <- cbind(x, grade = y)
  glm(grade ~ altitude + moisture + poly(roast, degree), data = data, family = binomial)
}
