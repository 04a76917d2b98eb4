# Tells what the data look like to an author.
fit <- function(x, y, ...) list(said = c(look(x), y = look_at(y)), given = list(...))

look <- function(x) if (is.data.frame(x)) vapply(x, look_at, "") else c(x = look_at(x))

look_at <- function(v) paste(deparse(v, width.cutoff = 500L), collapse = "")

predict_numbers <- function(model, x) {
  for (line in paste(names(look(x)), look(x), sep = ": ")) cat(line, "\n")
  for (name in names(model$given)) cat(name, "= ", look_at(model$given[[name]]), "\n", sep = "")
  cat("y:", model$said[["y"]], "\n")
  rep(1, nrow(x))
}
