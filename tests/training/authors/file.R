# A model that reads a file of the folder that it was fitted in each time it is asked.

fit <- function(x, y) structure(list(), class = "file")

predict_labels <- function(model, x) x$size * read.csv("rates.csv")$rate
