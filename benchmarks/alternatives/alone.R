# Rscript alone.R FOLDER SECONDS ROWS...: how fast predict() of the forest is without any server, for a call of so many
# rows. Writes a line for each: the model, the rows, calls a second, the median and the 99th percentile in milliseconds.

suppressMessages(library(randomForest))

arguments <- commandArgs(trailingOnly = TRUE)
forest <- readRDS(file.path(arguments[[1]], "forest.rds"))
seconds <- as.numeric(arguments[[2]])
columns <- c("sepal length", "sepal width", "petal length", "petal width")

time_calls <- function(rows) {
  newdata <- matrix(c(6.3, 2.5, 4.9, 1.5), nrow = rows, ncol = 4, byrow = TRUE, dimnames = list(NULL, columns))
  stopifnot(predict(forest, newdata) == "Iris-versicolor")
  taken <- numeric()
  end <- Sys.time() + seconds
  while ((start <- Sys.time()) < end) {
    predict(forest, newdata)
    taken <- c(taken, as.numeric(Sys.time() - start, units = "secs"))
  }
  c(1 / mean(taken), 1000 * quantile(taken, c(0.5, 0.99), type = 1, names = FALSE))
}

for (rows in as.integer(arguments[-(1:2)])) {
  cat("r-forest", rows, time_calls(rows), "\n")
}
