# A model that tells what it sees: a line a column, with its class, its first value, and whether its last one is NA.

fit <- function(x, y) structure(list(classes = lapply(x, class)), class = "look")

predict.look <- function(object, newdata, ...) {
  stopifnot(identical(lapply(newdata, class), object$classes))
  for (name in names(newdata)) {
    values <- newdata[[name]]
    last <- values[[length(values)]]
    gone <- is.na(last) && !(is.numeric(last) && is.nan(last))
    shown <- if (inherits(values, "POSIXct")) format(values[1], "%F %T %Z") else format(values[1], digits = 16)
    cat(name, paste(class(values), collapse = ", "), shown, gone, sep = "\t")
    cat("\n")
  }
  rep(NROW(newdata), NROW(newdata))
}

# The share of each level, for what becomes of levels that nobody knows.
fit_levels <- function(x, y) structure(list(levels = levels(x$kind)), class = "known")
predict.known <- function(object, newdata, ...) {
  stopifnot(identical(levels(newdata$kind), object$levels))
  ifelse(is.na(newdata$kind), -1, as.integer(newdata$kind))
}

fit_outputs <- function(x, y) lm(y ~ ., data = x)
