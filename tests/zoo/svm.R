library(e1071)

fit <- function(x, y) svm(y ~ ., data = x, probability = TRUE)
