library(kernlab)

fit <- function(x, y) ksvm(y ~ ., data.frame(x, y = y), prob.model = TRUE)
