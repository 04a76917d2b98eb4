#' Which part of an answer is meant, where `predict()` answers a list or a data.frame
#'
#' It is learned when a model is fitted, from answers to two numbers of rows, and kept with the version: a part that
#' suits by its shape may do so by accident, for one number of rows and not for another.
#'
#' @param part The part's name in the list, or its place where it has none; empty where no list was answered.
#' @param columns The names of the columns of the data.frame; empty where there was none.
#' @name parts
NULL

parts <- function(part = character(), columns = character()) list(part = part, columns = columns)

#' What is meant of a model's answers
#'
#' @param ask A function of x that answers as the model does.
#' @param x Rows to ask for; of fewer than two nothing is learned. They are asked for without the first of them, too.
#' @param purpose "classes", "probabilities" or "numbers".
#' @return What [parts()] makes; of an answer that fails, is neither list nor data.frame or leaves it open, nothing.
learn_parts <- function(ask, x, purpose) {
  if (NROW(x) < 2L) return(parts())
  tables <- list(x, x[-1L, , drop = FALSE])
  answers <- list()
  for (x in tables) {
    answer <- quietly(ask(x))
    if (!is.list(answer)) return(parts())
    answers <- c(answers, list(answer))
  }
  counts <- lapply(tables, NROW)
  frames <- vapply(answers, is.data.frame, NA)
  if (all(frames)) return(parts(columns = common_columns(answers, counts, purpose)))
  answers <- lapply(answers, unclass)
  if (any(frames) || !alike_in(answers, names) || !alike_in(answers, length)) return(parts())
  part <- chosen_part(answers[[1L]], Reduce(`&`, Map(suits, answers, counts, purpose)), purpose)
  if (is.null(part)) return(parts())
  inner <- lapply(answers, `[[`, part)
  framed <- all(vapply(inner, is.data.frame, NA))
  parts(part, if (framed) common_columns(inner, counts, purpose) else character())
}

#' The columns that are meant of each of several data.frames, none where that differs
common_columns <- function(answers, counts, purpose) {
  found <- lapply(answers, function(answer) names(answer)[columns_meant(answer, purpose)])
  whole <- all(mapply(NROW, answers) == counts) && !anyDuplicated(found[[1L]])
  if (whole && alike_in(found, identity)) found[[1L]] else character()
}

alike_in <- function(values, of) length(unique(lapply(values, of))) == 1L

#' The value of an author's code, without what it prints and warns of; `NULL` where it fails
quietly <- function(expr) {
  value <- NULL
  utils::capture.output(value <- tryCatch(suppressMessages(suppressWarnings(expr)), error = function(e) NULL))
  value
}

#' What is meant of an answer, as far as that was learned
take_parts <- function(answer, meant) {
  if (length(meant$part) && is.list(answer) && !is.data.frame(answer)) {
    answer <- unclass(answer)
    known <- if (is.character(meant$part)) names(answer) else seq_along(answer)
    check_there(meant$part, known, "the part")
    answer <- answer[[meant$part]]
  }
  if (length(meant$columns) && is.data.frame(answer)) {
    check_there(meant$columns, names(answer), "the column")
    answer <- flat(answer[meant$columns])
  }
  answer
}

check_there <- function(wanted, known, what) {
  gone <- setdiff(wanted, known)
  if (length(gone)) {
    stop("predict answered without ", what, " ", listing(gone), ", which its answers had when the model was fitted; ",
      "there is ", listing(known),
      call. = FALSE
    )
  }
}

# Under these names packages put what was asked for, the commonest first.
usual_parts <- list(
  classes = c("class", ".pred_class", "predictions", "predicted", "prediction", "pred", "label", "labels", "fit"),
  probabilities = c("posterior", "probabilities", "probability", "prob", "probs", "predictions", "predicted", "fit"),
  numbers = c("predictions", "prediction", "predicted", "pred", ".pred", "fit", "fitted", "mean", "response", "y")
)

#' The part of a list that is the answer: one by a usual name, else the only one of the right kind with n rows
part_of_list <- function(answer, n, purpose) {
  answer <- unclass(answer)
  suitable <- suits(answer, n, purpose)
  part <- chosen_part(answer, suitable, purpose)
  if (!is.null(part)) return(answer[[part]])
  stop("predict answered a list of ", listing(if (is.null(names(answer))) length(answer) else names(answer)),
    ", of which ", if (any(suitable)) "more than one part" else "no part", " could be the ", purpose, " for ", n,
    " rows; name a function of your own for predict", if (purpose == "probabilities") "_proba",
    call. = FALSE
  )
}

#' Which parts of a list could be the answer for n rows, by their shape
suits <- function(answer, n, purpose) {
  numeric_rows <- function(part) is.numeric(part) || is.data.frame(part)
  vapply(answer, FUN.VALUE = NA, function(part) {
    (is.atomic(part) || is.data.frame(part)) && NROW(part) == n && switch(purpose,
      classes = TRUE,
      probabilities = numeric_rows(part) && (NCOL(part) > 1L || n == 1L),
      numbers = numeric_rows(part)
    )
  })
}

#' The name of the one among suitable parts, or its place where it has no name of its own; `NULL` where it is not clear
chosen_part <- function(answer, suitable, purpose) {
  named <- intersect(usual_parts[[purpose]], names(answer)[suitable])
  if (length(named)) return(named[[1L]])
  if (purpose == "classes" && sum(suitable) > 1L) {
    said <- vapply(answer, function(part) is.factor(part) || is.character(part), NA)
    if (sum(suitable & said) == 1L) suitable <- suitable & said
  }
  if (sum(suitable) != 1L) return(NULL)
  place <- which(unname(suitable))
  name <- names(answer)[place]
  if (length(name) && nzchar(name) && sum(names(answer) == name) == 1L) name else place
}

#' The column or the columns of a data.frame that are the answer
part_of_frame <- function(answer, purpose) flat(answer[columns_meant(answer, purpose)])

columns_meant <- function(answer, purpose) {
  if (length(answer) == 1L) return(1L)
  numbers <- vapply(answer, is.numeric, NA)
  if (purpose == "classes" && sum(!numbers) == 1L) return(which(!numbers))
  if (any(numbers)) which(numbers) else seq_along(answer)
}

# the name of a single column of numbers may be that of the class whose shares they are
flat <- function(columns) {
  if (length(columns) == 1L && !is.numeric(columns[[1L]])) columns[[1L]] else as.matrix(columns)
}
