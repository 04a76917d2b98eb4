# An author's R model: the class whose centre is nearest. On request it fails, talks or dawdles.

fit <- function(x, y) {
  x <- as.matrix(x)
  if (anyNA(x)) no_such_flower("cannot fit what is missing")
  centres <- lapply(levels(y), function(level) colMeans(x[y == level, , drop = FALSE]))
  structure(list(centres = centres, levels = levels(y)), class = "centroids")
}

predict.centroids <- function(object, newdata, type = "class", fail = FALSE, say = "", nap = 0, ...) {
  if (nzchar(say)) {
    cat(say, "\n", sep = "")
    warning("about ", say)
  }
  if (nap > 0) Sys.sleep(nap)
  if (fail) no_such_flower("no such flower")
  x <- as.matrix(newdata)
  weights <- vapply(
    object$centres,
    function(centre) exp(-sqrt(rowSums(sweep(x, 2L, centre)^2))),
    numeric(nrow(x))
  )
  shares <- matrix(weights, nrow(x), dimnames = list(NULL, object$levels))
  shares <- shares / rowSums(shares)
  if (type == "prob") shares else factor(object$levels[max.col(shares, "first")], object$levels)
}

flowers <- function(rows, fail = FALSE) {
  if (fail) no_such_flower("no such flower")
  x <- data.frame(`sepal length` = c(5.5, NA, 6), count = c(1L, 2L, NA), note = c("gr\u00fcn", NA, ""),
    check.names = FALSE, stringsAsFactors = FALSE
  )
  list(x = x[seq_len(rows), ], y = factor(c("virginica", "setosa", "virginica"), c("virginica", "setosa"))[seq_len(rows)])
}

bouquet <- function(x, day, times = 2, fail = FALSE) {
  if (fail) no_such_flower("no such flower")
  x$count <- x$count * times
  x$day <- rep(day, nrow(x))
  x
}

garden <- function(rows) data.frame(count = seq_len(rows), stringsAsFactors = FALSE)

no_such_flower <- function(message) {
  stop(structure(class = c("NoSuchFlower", "error", "condition"), list(message = message, call = sys.call(-1))))
}
