#' A function that calls an author's function by its name
#'
#' The author's code sees a call with the names `x`, `y` and `model` in it, as if it had been typed, and never
#' the data themselves: a model's `call` and a traceback stay short. The call is made from the script's
#' environment, where S3 methods that the script defines are found.
#'
#' @param name The function's name, or a call that gives the function, such as `model$predict`.
#' @param arguments The names of the positional arguments; one that has a name itself is passed by that name.
#' @param env The script's environment.
#' @param fixed A named list of further arguments, written into the call.
#' @param silent Those of the arguments that are not passed on.
#' @return The function.
entry <- function(name, arguments, env, fixed = list(), silent = character()) {
  formals <- rep(alist(x = ), length(arguments))
  names(formals) <- arguments
  passed <- c(lapply(arguments[!arguments %in% silent], as.name), fixed)
  body <- as.call(c(list(if (is.character(name)) as.name(name) else name), passed))
  structure(as.function(c(formals, body), envir = env), entry = TRUE)
}

#' Fit by the author's function
#'
#' @param env The script's environment.
#' @param name The name of the function: its first arguments are x and, unless `y` is `NULL`, y.
#' @param params A named list of arguments.
#' @param seed An integer for `set.seed()`, or `NULL`.
#' @return What [guarded()] gives; its value is the model.
fit_model <- function(env, name, x, y, params, seed) {
  guarded(env = env, {
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
#'   empty where the model's own `predict` is asked.
#' @param said Named lists of arguments for the two, which replace what [conventions] knows, or `NULL`.
#' @param meant What [learn_parts()] found for the two, or `NULL`.
#' @return A list of functions: `predict` and `predict_proba`, of x and further arguments, give what [guarded()] gives:
#'   codes 0..k-1 or numbers, and a matrix with a column a class. `learn`, of x alone, gives what is meant of
#'   the answers to both.
new_predictor <- function(model, env, levels, encoded, by_name, said = list(NULL, NULL), meant = list(NULL, NULL)) {
  purpose <- if (is.null(levels)) "numbers" else "classes"
  whole_proba <- asking(model, env, levels, "probabilities", by_name[[2L]], said[[2L]])
  proba <- taking(whole_proba, meant[[2L]])
  whole <- if (purpose == "classes" && !nzchar(by_name[[1L]]) && only_shares(model, said[[1L]])) {
    asking_shares(proba, levels)
  } else {
    asking(model, env, levels, purpose, by_name[[1L]], said[[1L]])
  }
  answer <- taking(whole, meant[[1L]])
  list(
    predict = if (is.null(levels)) {
      function(x, ...) guarded(as_numbers(answer(x, ...), NROW(x)), env)
    } else {
      function(x, ...) guarded(as_codes(answer(x, ...), levels, NROW(x), encoded), env)
    },
    predict_proba = function(x, ...) guarded(as_probabilities(proba(x, ...), levels, NROW(x)), env),
    learn = function(x) {
      guarded(env = env, list(
        learn_parts(whole, x, purpose),
        if (is.null(levels)) parts() else learn_parts(whole_proba, x, "probabilities")
      ))
    }
  )
}

#' The function that takes of another one's answers what is meant
taking <- function(ask, meant) {
  if (!length(unlist(meant))) return(ask)
  function(x, ...) take_parts(ask(x, ...), meant)
}

#' The function of x and further arguments that asks a model for one purpose; what a call says wins
asking <- function(model, env, levels, purpose, own, said) {
  method <- if (purpose == "probabilities") "predict_proba" else "predict"
  if (nzchar(own)) {
    ask <- function(fixed) entry(own, c("model", "x"), env, fixed)
  } else if (has_method(model, method, env)) {
    member <- call("$", quote(model), as.name(method))
    ask <- function(fixed) entry(member, c("model", "x"), env, fixed, silent = "model")
  } else {
    return(asking_generic(model, env, levels, purpose, said))
  }
  usual <- if (is.null(said)) list() else as.list(said)
  plain <- ask(usual)
  function(x, ...) if (...length()) ask(utils::modifyList(usual, list(...)))(model, x) else plain(model, x)
}

asking_generic <- function(model, env, levels, purpose, said) {
  model <- asked_of(model)
  usual <- arguments_for(model, purpose, said)
  names <- stats::setNames(c("model", "x"), c("", convention_of(model)$rows))
  refusal <- if (purpose == "probabilities" && is.null(said)) no_shares(model, levels)
  guessed <- is.null(said) && identical(convention_of(model), conventions$default)
  plain <- entry("predict", names, env, usual)
  function(x, ...) {
    more <- list(...)
    if (!is.null(refusal)) stop(refusal, call. = FALSE)
    arguments <- utils::modifyList(usual, more)
    check_one_model(model, arguments)
    ask <- if (length(more)) entry("predict", names, env, arguments) else plain
    answer <- ask(model, x)
    if (purpose != "probabilities") return(answer)
    shares <- shares_of(answer, model, levels)
    if (guessed) check_guess(shares, levels, NROW(x))
    shares
  }
}

#' Refuse what is no answer to `type = "prob"`: many a `predict()` takes any arguments and answers what it always does
#'
#' What stands beside other things in a list or a data.frame must also look like the shares of all classes: one number a
#' row is as often the share of the class that was answered.
check_guess <- function(answer, levels, n) {
  shares <- if (is.list(answer)) as_plain(answer, n, "probabilities") else answer
  if (!is.numeric(shares) || any(shares < -0.001 | shares > 1.001, na.rm = TRUE) ||
    (is.list(answer) && !is_whole(shares, levels))) {
    stop("predict(model, x, type = \"prob\") did not answer probabilities; if the model knows them, write ",
      "`predict_proba_params`, or a function predict_proba(model, x)",
      call. = FALSE
    )
  }
}

#' Whether there are shares of all classes, or of those that columns are named by
is_whole <- function(shares, levels) {
  if (NCOL(shares) == 1L) return(!is.null(place_of(colnames(shares), levels)))
  all(abs(rowSums(shares) - 1) < 0.001, na.rm = TRUE)
}

#' The function that answers the shares of which the largest tells the class
asking_shares <- function(proba, levels) {
  function(x, ...) {
    # half of anything but the response's scale would tell the wrong class
    if ("type" %in% names(list(...))) stop("leave `type` out: these classes are shares", call. = FALSE)
    as_probabilities(proba(x, ...), levels, NROW(x))
  }
}
