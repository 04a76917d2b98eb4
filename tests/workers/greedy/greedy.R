# Keeps more and more memory until somebody stops it; or computes for long; or does not hear that it is to stop.
fit <- function(x, y, seconds = 0, deaf = NULL) {
  kept <- list()
  while (!is.null(deaf)) {
    tryCatch({
      file.create(deaf) # the caller knows from then on
      Sys.sleep(0.1)
    }, interrupt = function(condition) NULL)
  }
  while (TRUE) {
    if (seconds > 0) lm(y ~ ., data = x) else kept[[length(kept) + 1L]] <- runif(2e6)
  }
}
