# The cheapest model that there is: it answers the first column.

fit <- function(x, y) structure(list(), class = "first")

predict.first <- function(object, newdata, ...) newdata[[1]]
