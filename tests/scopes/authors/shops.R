dataset <- function(shop, region) {
  price <- as.numeric(1:10)
  list(x = data.frame(price = price), y = price * nchar(shop) + (region == "north"))
}

fit <- function(x, y) lm(y ~ price, data = cbind(x, y = y))
