# A model whose answer to a row depends on the rows beside it.

fit <- function(x, y) structure(list(), class = "company")

predict_labels <- function(model, x) x$size - mean(x$size)
