# A model of what its files hold: the rates are read here, the factor at the fit, the offset at each prediction.

rates <- read.csv("rates.csv")

fit <- function(x, y) {
  structure(list(factor = readBin("more/factor.bin", "integer", size = 1L, signed = FALSE)), class = "rated")
}

predict.rated <- function(object, newdata, ...) {
  offset <- as.numeric(readLines("offset.txt"))
  offset + object$factor * rates$rate[match(newdata[[1]], rates$code)]
}
