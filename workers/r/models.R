#' What to ask of a model, by its class
#'
#' Models disagree on what `predict()` must be asked for to answer classes or probabilities. Three generics
#' know it; a class that does it differently from the default gets a method here. `ask` calls `predict()` from
#' the script's environment, with the arguments of the request; a `type` among them wins.
#'
#' @param model The fitted model.
#' @param x The rows to answer for.
#' @param ask A function of model, x and further arguments.
#' @param levels The classes' names, in order.
#' @name answers
NULL

#' @rdname answers
answer_classes <- function(model, x, ask, levels) UseMethod("answer_classes")

#' @rdname answers
answer_probabilities <- function(model, x, ask, levels) UseMethod("answer_probabilities")

#' @rdname answers
answer_numbers <- function(model, x, ask, levels) UseMethod("answer_numbers")

#' @rdname answers
knows_probabilities <- function(model) UseMethod("knows_probabilities")

answer_classes.default <- function(model, x, ask, levels) ask(model, x)
answer_probabilities.default <- function(model, x, ask, levels) ask_for("prob", model, x, ask)
answer_numbers.default <- function(model, x, ask, levels) ask(model, x)
knows_probabilities.default <- function(model) TRUE

ask_for <- function(type, model, x, ask) {
  if ("type" %in% attr(ask, "fixed")) ask(model, x) else ask(model, x, type = type)
}

# randomForest
answer_classes.randomForest <- function(model, x, ask, levels) ask_for("response", model, x, ask)

# rpart
answer_classes.rpart <- function(model, x, ask, levels) ask_for("class", model, x, ask)

# glm: the second level is the success. Numbers are on the scale of the response, as people expect them.
answer_classes.glm <- function(model, x, ask, levels) {
  share <- share_of_second(model, x, ask, levels)
  factor(levels[1L + (share > 0.5)], levels)
}
answer_probabilities.glm <- function(model, x, ask, levels) {
  two_columns(share_of_second(model, x, ask, levels), levels)
}
answer_numbers.glm <- function(model, x, ask, levels) ask_for("response", model, x, ask)

share_of_second <- function(model, x, ask, levels) {
  family <- model$family$family
  if (!family %in% c("binomial", "quasibinomial") || length(levels) != 2L) {
    stop("a glm of family ", family, " cannot tell ", length(levels), " classes apart; two classes and ",
      "family = binomial are needed, or functions of your own for predict and predict_proba",
      call. = FALSE
    )
  }
  # Half of anything but the response's scale would tell the wrong class.
  if ("type" %in% attr(ask, "fixed")) stop("leave `type` out: a glm's classes come from its response", call. = FALSE)
  ask(model, x, type = "response")
}

# nnet: with two classes it answers the share of the second, for one row of several classes a vector.
answer_classes.nnet <- function(model, x, ask, levels) ask_for("class", model, x, ask)
answer_probabilities.nnet <- function(model, x, ask, levels) {
  by_columns(ask_for("raw", model, x, ask), model$lev)
}
answer_probabilities.multinom <- function(model, x, ask, levels) {
  by_columns(ask_for("probs", model, x, ask), model$lev)
}

# MASS: classes and probabilities come in one list.
answer_classes.lda <- function(model, x, ask, levels) ask(model, x)$class
answer_probabilities.lda <- function(model, x, ask, levels) ask(model, x)$posterior
answer_classes.qda <- answer_classes.lda
answer_probabilities.qda <- answer_probabilities.lda

# e1071
answer_probabilities.svm <- function(model, x, ask, levels) {
  attr(ask(model, x, probability = TRUE), "probabilities")
}
knows_probabilities.svm <- function(model) isTRUE(model$compprob)
answer_classes.naiveBayes <- function(model, x, ask, levels) ask_for("class", model, x, ask)
answer_probabilities.naiveBayes <- function(model, x, ask, levels) ask_for("raw", model, x, ask)

#' Probabilities of two classes from those of the second
two_columns <- function(second, levels) {
  second <- as.vector(second)
  matrix(c(1 - second, second), ncol = 2L, dimnames = list(NULL, levels))
}

#' A matrix with a column a class, from the shapes that nnet gives
by_columns <- function(answer, levels) {
  if (length(levels) == 2L && NCOL(answer) == 1L) return(two_columns(answer, levels))
  if (is.null(dim(answer))) answer <- matrix(answer, nrow = 1L, dimnames = list(NULL, levels))
  answer
}
