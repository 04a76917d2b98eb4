# A model of the author's own class, with what may go wrong on demand.
fit <- function(x, y, mode = "fine", ...) {
  cat("fitting", nrow(x), "rows\n")
  message("a message")
  structure(list(mode = mode, levels = levels(y), given = list(...), x = x, y = y), class = "flip")
}

fit_stop <- function(x, y) broken(x)

broken <- function(x) {
  stop("too few rows: ", nrow(x))
}

fit_quit <- function(x, y) quit(status = 3)

fit_forever <- function(x, y) repeat Sys.sleep(0.01)

fit_deep <- function(x, y) fit_deep(x, y)

fit_deeper <- function(x, y) {
  options(expressions = 500000)
  on.exit(options(expressions = 5000))
  fit_deep(x, y)
}

predict.flip <- function(object, newdata, mode = object$mode, ...) {
  n <- nrow(newdata)
  switch(mode,
    fine = factor(rep(object$levels[[2]], n), object$levels),
    warn = {
      warning("rows: ", n)
      rep(object$levels[[1]], n)
    },
    unknown = rep("nobody", n),
    missing = c(NA, rep(object$levels[[1]], n - 1)),
    short = object$levels[[1]]
  )
}
