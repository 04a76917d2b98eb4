# Steps of a pipeline over orders.

clean <- function(x, day, least = 0) {
  stopifnot(is.factor(x$shop))
  x[!is.na(x$amount) & x$day == day & x$amount >= least, c("shop", "amount")]
}

shops <- function(day) data.frame(shop = c("a", "b"), day = day, stringsAsFactors = FALSE)

number <- function(x) 42

fails <- function(x) stop("no such shop: nowhere")
