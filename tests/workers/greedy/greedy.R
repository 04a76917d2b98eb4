# Keeps more and more memory until somebody stops it; or computes for long; or does not hear that it is to stop.
fit <- function(x, y, seconds = 0, deaf = FALSE) {
  kept <- list()
  while (deaf) tryCatch(Sys.sleep(0.1), interrupt = function(condition) NULL)
  while (TRUE) {
    if (seconds > 0) lm(y ~ ., data = x) else kept[[length(kept) + 1L]] <- runif(2e6)
  }
}
