library(party)

fit <- function(x, y) cforest(y ~ ., data.frame(x, y), controls = cforest_unbiased(ntree = 20, mtry = 2))
