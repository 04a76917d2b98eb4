# The airline model of Box and Jenkins, asked for how far ahead.

dataset <- function() {
  list(data.frame(ahead = seq_along(AirPassengers)), as.numeric(AirPassengers))
}

fit <- function(x, y) {
  arima(log(y), order = c(0, 1, 1), seasonal = list(order = c(0, 1, 1), period = 12))
}

predict_labels <- function(model, x) {
  exp(as.numeric(predict(model, n.ahead = max(x$ahead))$pred))[x$ahead]
}
