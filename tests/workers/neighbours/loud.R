# A model that does to its process what scripts do.
library(MASS)
options(OutDec = ",")
Sys.setenv(TZ = "Asia/Tokyo", MODEL_OF_SOMEBODY = "loud")
Sys.setlocale("LC_COLLATE", "C")

fit <- function(x, y) {
  set.seed(1)
  structure(list(), class = "loud")
}

predict.loud <- function(object, newdata, ...) {
  setwd(tempdir())
  assign("left_behind", TRUE, globalenv())
  own <- c(format(12.5) == "12,5", Sys.getenv("MODEL_OF_SOMEBODY") == "loud", exists("select"), exists("left_behind"))
  rep(sum(own), nrow(newdata))
}
