library(rpart)

fit <- function(x, y) rpart(y ~ ., data = x)
