# A model whose answer tells what it finds of the process that it shares with others.

fit <- function(x, y) structure(list(), class = "witness")

predict.witness <- function(object, newdata, ...) {
  found <- list(
    stats::sd(c(1, 2, 3)), format(structure(1, class = "shared")), format(12.5), Sys.getenv("NEIGHBOUR"),
    format(as.POSIXct(0, origin = "1970-01-01"), "%H"), getwd(), .libPaths(), Sys.getlocale(),
    exists("left_behind", globalenv()), exists("select", mode = "function"),
    toString(methods::is(1L, "numeric")), stats::mad(c(1, 2, 30)), environmentIsLocked(globalenv())
  )
  text <- utf8ToInt(paste(unlist(found), collapse = "|"))
  rep(sum(text * seq_along(text)) %% 997, nrow(newdata))
}
