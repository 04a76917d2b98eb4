#' A function that calls an author's function by its name
#'
#' The author's code sees a call with the names `x`, `y` and `model` in it, as if it had been typed, and never
#' the data themselves: a model's `call` and a traceback stay short. The call is made from the script's
#' environment, where S3 methods that the script defines are found.
#'
#' @param name The function's name.
#' @param arguments The names of the positional arguments.
#' @param env The script's environment.
#' @param fixed A named list of further arguments, written into the call.
#' @param dots Whether further arguments are passed on.
#' @return The function; its attribute `fixed` has the names of the fixed arguments.
entry <- function(name, arguments, env, fixed = list(), dots = FALSE) {
  formals <- rep(alist(x = ), length(arguments) + dots)
  names(formals) <- c(arguments, if (dots) "...")
  passed <- c(lapply(arguments, as.name), fixed, if (dots) quote(...))
  body <- as.call(c(list(as.name(name)), passed))
  structure(as.function(c(formals, body), envir = env), entry = TRUE, fixed = names(fixed))
}

#' Fit by the author's function
#'
#' @param env The script's environment.
#' @param name The name of the function: its first arguments are x and, unless `y` is `NULL`, y.
#' @param params A named list of arguments.
#' @param seed An integer for `set.seed()`, or `NULL`.
#' @return What [guarded()] gives; its value is the model.
fit_model <- function(env, name, x, y, params, seed) {
  guarded({
    if (!is.null(seed)) set.seed(seed)
    if (is.null(y)) {
      entry(name, "x", env, params)(x)
    } else {
      entry(name, c("x", "y"), env, params)(x, y)
    }
  })
}

#' The functions that answer for one fitted model
#'
#' @param model The fitted model.
#' @param env Its script's environment.
#' @param levels The classes' names, or `NULL` for a regression.
#' @param encoded Whether the model was fitted on codes 0..k-1 instead of a factor.
#' @param by_name The names of the author's functions for classes (or numbers) and for probabilities,
#'   empty where R's own `predict()` is asked.
#' @return A list of two functions of x and further arguments, `predict` and `predict_proba`. Both give what
#'   [guarded()] gives: codes 0..k-1 or numbers, and a matrix with a column a class.
new_predictor <- function(model, env, levels, encoded, by_name) {
  asking <- function(name, generic) {
    own <- nzchar(name)
    name <- if (own) name else "predict"
    plain <- entry(name, c("model", "x"), env, dots = TRUE)
    function(x, ...) {
      ask <- if (...length()) entry(name, c("model", "x"), env, list(...), dots = TRUE) else plain
      if (own) ask(model, x) else generic(model, x, ask, levels)
    }
  }
  answer <- asking(by_name[[1L]], if (is.null(levels)) answer_numbers else answer_classes)
  proba <- asking(by_name[[2L]], answer_probabilities)
  list(
    predict = if (is.null(levels)) {
      function(x, ...) guarded(as_numbers(answer(x, ...), NROW(x)))
    } else {
      function(x, ...) guarded(as_codes(answer(x, ...), levels, NROW(x), encoded))
    },
    predict_proba = function(x, ...) guarded(as_probabilities(proba(x, ...), levels, NROW(x)))
  )
}
