#' A polynomial, whose processes can be found while they are held
#'
#' @param x A data.frame of one column, `x`.
#' @param y Numbers.
#' @param degree Of the polynomial.
#' @param marks A folder where each call leaves its process's id, and waits while a file `hold` is there.
fit <- function(x, y, degree = 1L, marks = NULL) {
  mark(marks)
  structure(list(line = lm(y ~ poly(x, degree), data = cbind(x, y = y)), marks = marks), class = "curve")
}

#' The same; the answers alone are held
fit_line <- function(x, y, marks = NULL) {
  structure(list(line = lm(y ~ x, data = cbind(x, y = y)), marks = marks), class = "curve")
}

predict.curve <- function(object, newdata, ...) {
  if (any(newdata$x > 900)) stop("a curve ends at 900")
  mark(object$marks)
  predict(object$line, newdata)
}

fit_failing <- function(x, y, ...) stop("a curve needs more points")

mark <- function(marks) {
  if (is.null(marks)) return(invisible())
  cat(Sys.getpid(), "\n", file = tempfile("call-", marks), sep = "")
  while (file.exists(file.path(marks, "hold"))) Sys.sleep(0.01)
}
