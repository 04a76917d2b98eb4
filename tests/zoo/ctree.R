library(party)

fit <- function(x, y) ctree(y ~ ., data.frame(x, y))
