# A model that answers its tag after as many seconds as it is told, and fails on demand.
fit <- function(x, y, tag = 1) structure(list(tag = tag), class = "moody")

predict.moody <- function(object, newdata, ...) {
  mood <- max(newdata$mood)
  if (mood == 1) stop("no answer in mood ", mood)
  if (mood == 2) quit(status = 3)
  Sys.sleep(max(newdata$seconds))
  rep(if (mood == 4) NaN else object$tag, nrow(newdata))
}

fit_stop <- function(x, y) stop("too few rows: ", nrow(x))

fit_quit <- function(x, y) quit(status = 3)
