# A model whose answer tells what it finds of the process that it shares with others.

fit <- function(x, y) structure(list(tag = mean(y)), class = "quiet")

predict.quiet <- function(object, newdata, ...) {
  clock <- as.numeric(format(as.POSIXct(0, origin = "1970-01-01"), "%H"))
  point <- nchar(gsub("[^.]", "", format(12.5)))
  masked <- as.numeric(exists("select", mode = "function")) + as.numeric(exists("left_behind", globalenv()))
  named <- nchar(Sys.getenv("MODEL_OF_SOMEBODY"))
  rep(object$tag + 100 * clock + 10000 * point + 1e6 * masked + 1e8 * named, nrow(newdata))
}
