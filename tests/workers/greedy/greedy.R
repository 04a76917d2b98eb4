# Keeps more and more memory until somebody stops it; or computes for long.
fit <- function(x, y, seconds = 0) {
  kept <- list()
  while (TRUE) {
    if (seconds > 0) lm(y ~ ., data = x) else kept[[length(kept) + 1L]] <- runif(2e6)
  }
}
