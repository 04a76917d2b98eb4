#' What to tell an author of a model's answers to rows of its training data
#'
#' @param predict,predict_proba What [new_predictor()] gives.
#' @param env The script's environment.
#' @param levels The classes' names, or `NULL` for a regression.
#' @param x,y Some rows, and their targets; of a classifier only the rows.
#' @return What [guarded()] gives; its value is a character vector.
remarks_on <- function(model, predict, predict_proba, env, levels, x, y) {
  guarded(env = env, {
    answers <- quietly(predict(x)[[1L]])
    if (is.null(answers)) {
      character()
    } else if (is.null(levels)) {
      other_scale(model, answers, y, function() {
        quietly(as_numbers(asking(model, env, NULL, "numbers", "", type("response"))(x), NROW(x)))
      })
    } else {
      winners_share(quietly(predict_proba(x)[[1L]]), answers, levels)
    }
  })
}

#' What to tell an author whose model answers on another scale than the target has, or nothing
#'
#' Said only of what is sure: the answers are none that the model's family can have, or what undoes a logarithm or a
#' logit brings them to the target, from which they were further away than one number for all.
#'
#' @param answers The model's numbers for rows of the training data.
#' @param y The target of these rows.
#' @param as_response A function that answers the numbers for `type = "response"`, or `NULL` where that fails.
other_scale <- function(model, answers, y, as_response) {
  if (length(y) < 8L || length(answers) != length(y) || !all(is.finite(c(answers, y)))) return(character())
  for (scale in scales_of(model, y)) {
    if (!is_on(scale, answers, y)) next
    response <- as_response()
    mended <- length(response) == length(y) && isTRUE(miss(response, y) <= 1.01 * miss(scale$undo(answers), y))
    return(paste0(
      "predict answers ", scale$what, ", where the target is not: write ",
      if (mended) "'predict_params': {'type': 'response'} in the configuration, or ",
      "a function predict_labels <- function(model, x) ", scale$code
    ))
  }
  character()
}

#' The scales that answers may be on: the family's, else logarithms of what is positive and logits of 0 and 1
scales_of <- function(model, y) {
  family <- tryCatch(family_object(model), error = function(e) NULL)
  if (!is.null(family) && !identical(family$link, "identity")) {
    return(list(list(
      what = paste0("on the scale of its link (", family$link, ")"), undo = family$linkinv, valid = family$validmu,
      code = "stats::family(model)$linkinv(predict(model, x))"
    )))
  }
  if (all(y %in% 0:1)) return(list(list(what = "logits", undo = stats::plogis, code = "plogis(predict(model, x))")))
  if (any(y < 0)) return(list())
  list(
    list(what = "logarithms", undo = exp, code = "exp(predict(model, x))"),
    list(what = "logarithms of 1 more", undo = expm1, code = "expm1(predict(model, x))")
  )
}

family_object <- function(model) {
  model <- asked_of(model)
  family <- if (isS4(model) || is.null(model$family)) stats::family(model) else model$family
  if (inherits(family, "family") && is.function(family$linkinv)) family
}

#' Whether answers are surely on a scale
is_on <- function(scale, answers, y) {
  undone <- scale$undo(answers)
  if (!all(is.finite(undone)) || miss(undone, y) > miss(answers, y)) return(FALSE)
  if (!is.null(scale$valid) && !isTRUE(scale$valid(answers))) return(TRUE)
  miss(undone, y) < miss(answers, y) / 4 && miss(answers, y) > miss(mean(y), y) && miss(undone, y) < miss(mean(y), y)
}

miss <- function(answers, y) mean((answers - y)^2)

#' What to tell an author whose model answers the share of the class that it answers, instead of each class's, or nothing
#'
#' @param shares A matrix with a column a class.
#' @param codes The classes that are answered for the same rows, 0..k-1.
winners_share <- function(shares, codes, levels) {
  if (is.null(shares) || length(levels) != 2L || min(tabulate(codes + 1L, 2L)) < 2L) return(character())
  second <- shares[, 2L]
  if (any(second < 0.5)) return(character())
  # one that answers the second class above another threshold has all shares of the first class's rows below
  if (max(second[codes == 0L]) <= min(second[codes == 1L])) return(character())
  paste0(
    "the probability of '", levels[[2L]], "' is never below 0.5, also where '", levels[[1L]], "' is answered: it seems to ",
    "be that of the class that is answered. Write a function predict_proba(model, x) that answers the probability of '",
    levels[[2L]], "'"
  )
}
