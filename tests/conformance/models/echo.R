# A model that knows the class of each number that it has seen, and answers it in the form that it is told to.

fit <- function(x, y, form) {
  structure(list(codes = x$code, names = as.character(y), levels = levels(y), form = form), class = "echo")
}

predict.echo <- function(object, newdata, type = "class") {
  if (type == "prob") return(shares(object, newdata$code))
  names <- object$names[match(newdata$code, object$codes)]
  if (object$form == "text") names else factor(names, object$levels)
}

shares <- function(model, codes) {
  weights <- outer(codes, model$codes, function(row, class) 1 + (7 * class + 3 * row) %% 11)
  found <- weights / rowSums(weights)
  colnames(found) <- model$names
  # the columns in an order of the author's own, or under the names that a data.frame makes of them
  if (model$form == "frame") data.frame(found) else found[, rev(seq_along(model$names)), drop = FALSE]
}
