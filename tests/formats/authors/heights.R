# An author's R model: what each place adds to an age. The other columns are there to be carried.

fit <- function(x, y) {
  structure(list(added = c(tapply(y - x$age, x$place, mean))), class = "heights")
}

predict.heights <- function(object, newdata, ...) {
  newdata$age + unname(object$added[as.character(newdata$place)])
}
