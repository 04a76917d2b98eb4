# A model that takes the day from a time as the clock of its process shows it.

fit <- function(x, y) structure(list(), class = "clock")

predict_labels <- function(model, x) as.numeric(format(x$at, "%d", tz = ""))
