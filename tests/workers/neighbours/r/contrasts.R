# Chooses other contrasts.
options(contrasts = c("contr.sum", "contr.poly"))

fit <- function(x, y) structure(list(mean = mean(y)), class = "neighbour")

predict.neighbour <- function(object, newdata, ...) rep(object$mean, nrow(newdata))
