#' Least squares for numbers, a tree for classes
#'
#' @param x A data.frame.
#' @param y Numbers, or a factor.
#' @param ... Arguments of `rpart::rpart.control()`.
fit <- function(x, y, ...) {
  if (!is.factor(y)) return(lm(y ~ ., data = cbind(x, y = y)))
  if (nlevels(y) == 1L) return(structure(list(level = levels(y)), class = "constant"))
  rpart::rpart(y ~ ., data = cbind(x, y = y), method = "class", control = rpart::rpart.control(...))
}

#' A class that was the only one
predict.constant <- function(object, newdata, type = "class", ...) {
  if (type == "prob") return(matrix(1, nrow(newdata), 1L, dimnames = list(NULL, object$level)))
  factor(rep(object$level, nrow(newdata)), object$level)
}

#' The same, saying what came
fit_talking <- function(x, y, ...) {
  cat("columns:", names(x), "\n")
  cat("x:", vapply(x, function(column) class(column)[[1L]], ""), "\n")
  cat("y:", if (is.factor(y)) levels(y) else class(y), "\n")
  if (nrow(x) > 10L) warning("more than ten rows")
  fit(x, y, ...)
}

fit_failing <- function(x, y) stop("this model does not fit")

#' A model that ends its process
fit_deadly <- function(x, y) {
  cat("these are my last words\n")
  tools::pskill(Sys.getpid(), tools::SIGKILL)
  Sys.sleep(600)
}

fit_slow <- function(x, y, mark = tempfile()) {
  file.create(mark)
  Sys.sleep(600)
}

process <- function(x, y) structure(list(id = Sys.getpid()), class = "process")
predict.process <- function(object, newdata, ...) rep(Sys.getpid(), nrow(newdata))
