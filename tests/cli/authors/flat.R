# A series' mean, however far ahead: worse than its last value.

fit <- function(x, y) structure(list(mean = mean(y)), class = "flat")

predict_labels <- function(model, x) rep(model$mean, nrow(x))
