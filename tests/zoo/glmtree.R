suppressPackageStartupMessages(library(partykit))

fit <- function(x, y) glmtree(y ~ Sepal.Width | Petal.Width, data = cbind(x, y = y), family = binomial)
