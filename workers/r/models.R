#' What `predict()` must be asked for, by the class of the model
#'
#' Models disagree on it. A row says, for one class, which arguments make `predict()` answer classes,
#' probabilities and numbers; the first of a model's classes that has a row counts. An author overrides a row by
#' `predict_params` and `predict_proba_params` in the configuration, or all of it by functions in the script.
#'
#' @param classes,probabilities,numbers Named lists of arguments; `SHARES` says that classes are known only as the
#'   most probable ones.
#' @param able A function of the model: whether it knows probabilities.
#' @param rows The name of the argument that takes the rows, empty where it is the second one.
#' @param part The name of the model's part that is asked, by a row of its own; empty where it is the model itself.
#' @name conventions
NULL

SHARES <- "shares"

asks <- function(classes = list(), probabilities = type("prob"), numbers = list(), able = always, rows = "",
                 part = "") {
  list(classes = classes, probabilities = probabilities, numbers = numbers, able = able, rows = rows, part = part)
}

type <- function(of) list(type = of)

# by itself it shifts the answers of rows that follow one with a missing value
whole_rows <- list(type = "response", na.action = quote(stats::na.fail))

always <- function(model) TRUE
never <- function(model) FALSE
by_family <- function(model) family_of(model) %in% c(of_two, of_several)
by_tree <- function(model) startsWith(model$treetype, "Prob")
by_fit <- function(model) if (isS4(model)) length(unlist(model@prob.model)) > 0L else isTRUE(model$compprob)
by_kind <- function(model) model@type == "classification"
by_response <- function(model) is.factor(model@responses@variables[[1L]])
# one binomial glm beside it; one a class would not sum to 1, and the bare regression leaves 0..1
by_glm <- function(model) length(model$levels) == 2L && length(model$glm.list) == 1L

conventions <- list(
  # class            classes           probabilities              numbers           knows probabilities
  randomForest = asks(type("response"), type("prob"),             type("response")),
  rpart        = asks(type("class"),    type("prob"),             type("vector")),
  glm          = asks(SHARES,           type("response"),         type("response"), by_family),
  gam          = asks(SHARES,           type("response"),         type("response"), by_family), # mgcv, also in a gamm
  glmerMod     = asks(SHARES,           type("response"),         type("response"), by_family), # lme4
  glmmTMB      = asks(SHARES,           type("response"),         type("response"), by_family),
  glmmPQL      = asks(SHARES,           whole_rows,               whole_rows,       by_family), # MASS
  vglm         = asks(SHARES,           type("response"),         type("response"), by_family), # VGAM
  lrm          = asks(SHARES,           type("fitted.ind")), # rms
  nnet         = asks(type("class"),    type("raw"),              type("raw")),
  multinom     = asks(type("class"),    type("probs")),
  lda          = asks(list(),           list()),
  qda          = asks(list(),           list()),
  fda          = asks(type("class"),    type("posterior")), # and mda
  svm          = asks(list(),           list(probability = TRUE), list(),           by_fit),
  naiveBayes   = asks(type("class"),    type("raw")),
  ranger       = asks(list(),           list(),                   list(),           by_tree),
  train        = asks(type("raw"),      type("prob"),             type("raw")), # caret
  gbm          = asks(SHARES,           type("response"),         type("response"), by_family),
  glmnet       = asks(type("class"),    type("response"),         type("response")),
  cv.glmnet    = asks(type("class"),    type("response"),         type("response")),
  ksvm         = asks(type("response"), type("probabilities"),    type("response"), by_fit),
  gausspr      = asks(type("response"), type("probabilities"),    type("response"), by_kind), # kernlab
  lssvm        = asks(type("response"), list(),                   list(),           never), # kernlab
  earth        = asks(type("class"),    type("response"),         type("response"), by_glm),
  BinaryTree   = asks(list(),           type("prob"),             list(),           by_response), # party's ctree
  RandomForest = asks(list(),           type("prob"),             list(),           by_response, "newdata"), # cforest
  stanreg      = asks(SHARES,           type("response"),         type("response"), by_family, "newdata"), # rstanarm
  glmtree      = asks(SHARES,           type("response"),         type("response"), by_family), # partykit
  flexmix      = asks(list(),           list(),                   list(aggregate = TRUE), never),
  gamm         = asks(part = "gam"), # mgcv
  default      = asks()
)

#' The row for a model: of the first of its classes that a package brings one for, or that [conventions] has
convention_of <- function(model) {
  for (class in if (isS4(model)) methods::is(model) else class(model)) {
    row <- convention_of_package(class, model)
    if (is.null(row) && class != "default") row <- conventions[[class]]
    if (!is.null(row)) return(row)
  }
  conventions$default
}

#' The model, or the part of it that is asked
asked_of <- function(model) {
  part <- convention_of(model)$part
  if (nzchar(part)) model[[part]] else model
}

#' The row that a loaded package brings for a class of its own, or `NULL`
#'
#' It has a function `triglot_asks.<class>`, which gets the model and answers a list of arguments of [asks()]. That is
#' looked up by its name: R registers S3 methods only for generics of packages, which this is none of.
convention_of_package <- function(class, model) {
  for (package in loadedNamespaces()) {
    method <- get0(paste0("triglot_asks.", class), asNamespace(package), mode = "function", inherits = FALSE)
    if (!is.null(method)) return(do.call(asks, as.list(method(model))))
  }
}

#' Whether a model knows probabilities by itself; one that lacks what is looked at knows none
knows_probabilities <- function(model) {
  isTRUE(tryCatch(
    {
      model <- asked_of(model)
      convention_of(model)$able(model)
    },
    error = function(e) FALSE
  ))
}

#' Whether classes are known only as the most probable ones, unless the author says how to ask for them
only_shares <- function(model, said) is.null(said) && identical(convention_of(asked_of(model))$classes, SHARES)

#' Arguments of `predict()` for one purpose
#'
#' @param purpose "classes", "probabilities" or "numbers".
#' @param said A named list of the author's own arguments, or `NULL`.
arguments_for <- function(model, purpose, said) {
  if (!is.null(said)) return(as.list(said))
  convention_of(model)[[purpose]]
}

#' Why a model's numbers are not to be taken for probabilities, or `NULL`
no_shares <- function(model, levels) {
  if (identical(convention_of(model)$able, by_family)) return(no_family(model, levels))
  if (knows_probabilities(model)) return(NULL)
  paste0(
    "this ", class(model)[[1L]], " knows no probabilities; fit it so that it does, or define a function of your own ",
    "for predict_proba"
  )
}

no_family <- function(model, levels) {
  family <- family_of(model)
  if (family %in% of_several || (family %in% of_two && length(levels) == 2L)) return(NULL)
  paste0(
    "a ", class(model)[[1L]], if (nzchar(family)) paste(" of family", family) else " without a family",
    " cannot tell ", length(levels), " classes apart; a binomial one for two classes is needed, or functions of your ",
    "own for predict and predict_proba"
  )
}

# Families whose response is the share of the second of two classes, and those whose response is a matrix of shares.
of_two <- c("binomial", "quasibinomial", "binomialff", "bernoulli", "adaboost", "huberized")
of_several <- c("multinom", "multinomial", "ordered", "cumulative", "acat", "cratio", "sratio")

#' The name of a model's family, empty where it has none
family_of <- function(model) {
  name <- tryCatch(name_of_family(model), error = function(e) NULL)
  if (!is.character(name) || length(name) == 0L) return("")
  if (startsWith(name[[1L]], "Ordered Categorical")) "ordered" else name[[1L]] # mgcv's ocat tells its cut points, too
}

name_of_family <- function(model) {
  if (inherits(model, "gbm")) return(model$distribution$name)
  if (inherits(model, "vglm")) return(model@family@vfamily)
  if (inherits(model, "glmtree")) return(model$info$family)
  if (isS4(model) || is.null(model$family)) stats::family(model)$family else model$family$family
}

#' What a model's answer holds beside what its shape says: probabilities kept as an attribute, columns without names
#'
#' @param answer What `predict()` gave when it was asked for probabilities.
#' @param levels The classes' names, in order.
shares_of <- function(answer, model, levels) {
  kept <- attr(answer, "probabilities", exact = TRUE) # e1071
  if (!is.null(kept)) return(kept)
  if (inherits(model, one_by_one)) return(unname(do.call(rbind, lapply(answer, as.vector))))
  if (inherits(model, "lrm")) answer <- unname(answer) # columns are named response=class
  lev <- if (inherits(model, "nnet")) model$lev else levels
  if (!is.numeric(answer) || NCOL(answer) != 1L) return(answer)
  # glmnet and gbm name the column after the model's path, and a class may be called like that
  if (length(lev) == 2L) return(two_columns(if (inherits(model, paths)) unname(answer) else answer, lev))
  # one row of several classes comes as a vector
  if (!is.null(dim(answer)) || length(answer) != length(lev)) return(answer)
  matrix(answer, nrow = 1L, dimnames = list(NULL, lev))
}

paths <- c("glmnet", "cv.glmnet", "gbm")

# party answers a list with the shares of one row each
one_by_one <- c("BinaryTree", "RandomForest")

#' Probabilities of two classes from those of one
#'
#' @param share A vector, or a matrix of one column. A column that is named by a class has that class's shares; others
#'   are of the second class, which is what R's models of two classes answer.
two_columns <- function(share, levels) {
  named <- if (is.matrix(share)) place_of(colnames(share), levels)
  share <- as.vector(share)
  columns <- if (identical(named, 1L)) c(share, 1 - share) else c(1 - share, share)
  matrix(columns, ncol = 2L, dimnames = list(NULL, levels))
}

#' Refuse a path of many models where one is needed
check_one_model <- function(model, arguments) {
  if (inherits(model, "glmnet") && length(model$lambda) > 1L && !"s" %in% names(arguments)) {
    stop("a glmnet holds models for ", length(model$lambda), " values of lambda; say which, with ",
      "'predict_params': {'s': ...} in the configuration, or fit a cv.glmnet",
      call. = FALSE
    )
  }
  if (inherits(model, "mvr") && model$ncomp > 1L && !any(c("ncomp", "comps") %in% names(arguments))) {
    stop("a model of pls answers for each number of components from 1 to ", model$ncomp, "; say which, with ",
      "'predict_params': {'ncomp': ...} in the configuration",
      call. = FALSE
    )
  }
}

#' Whether an object of reference semantics (R5, R6) has a method of this name, seen from the script's environment
has_method <- function(model, name, env) {
  if (!is.environment(model)) return(FALSE)
  member <- call("$", quote(model), as.name(name))
  is.function(tryCatch(in_script(env, eval(member, list(model = model), env)), error = function(e) NULL))
}
