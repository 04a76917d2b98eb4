# A classifier of R's class glm without a family, which is asked by functions of the script; whatever it does, it plots.
fit <- function(x, y) {
  plot(x[[1]], y)
  structure(list(levels = levels(y)), class = c("odd", "glm"))
}

predict_labels <- function(model, x) {
  hist(x[[1]])
  rep(model$levels[[2]], nrow(x))
}

predict_proba <- function(model, x) {
  lattice::trellis.device()
  matrix(1 / length(model$levels), nrow(x), length(model$levels), dimnames = list(NULL, model$levels))
}
