#' Codes 0..k-1 of the classes that a model answered
#'
#' @param answer A factor, names, codes, truth values, or a matrix of probabilities.
#' @param levels The classes' names, in order.
#' @param n How many answers there must be.
#' @param encoded Whether the model knows the classes as numbers 0..k-1.
as_codes <- function(answer, levels, n, encoded = FALSE) {
  answer <- as_plain(answer, n, "classes")
  if (is.matrix(answer)) {
    one_share <- is.double(answer) && length(levels) == 2L && length(place_of(colnames(answer), levels)) == 1L
    if (ncol(answer) == 1L && !one_share) {
      answer <- answer[, 1L]
    } else {
      shares <- as_probabilities(answer, levels, n)
      return(max.col(shares, ties.method = "first") - 1L)
    }
  }
  if (!is.atomic(answer) || is.null(answer)) {
    stop("predict answered an object of class ", class(answer)[[1L]], "; a factor, names of classes or a matrix of ",
      "probabilities is needed: name a function of your own for predict",
      call. = FALSE
    )
  }
  check_length(answer, n)
  check_complete(is.na(answer), "predict")
  known <- if (encoded) as.character(seq_along(levels) - 1L) else levels
  codes <- if (is.factor(answer)) {
    match(levels(answer), known)[as.integer(answer)]
  } else if (is.character(answer)) {
    match(answer, known)
  } else if (is.logical(answer)) {
    match(tolower(as.character(answer)), tolower(known))
  } else {
    check_codes(answer, levels, encoded)
    match(answer, numbers_of(levels, encoded))
  }
  if (anyNA(codes)) {
    unknown <- answer[is.na(codes)][[1L]]
    stop("predict answered ", encodeString(as.character(unknown), quote = if (is.numeric(unknown)) "" else "'"),
      " for row ", which(is.na(codes))[[1L]], ", which is none of the classes ", listing(known),
      call. = FALSE
    )
  }
  codes - 1L
}

#' The numbers that stand for the classes: their own values where all are numbers that differ, else R's codes 1..k
numbers_of <- function(levels, encoded) {
  if (encoded) return(seq_along(levels) - 1)
  values <- suppressWarnings(as.numeric(levels))
  if (anyNA(values) || anyDuplicated(values)) seq_along(levels) else values
}

#' Refuse numbers of another kind than codes: a share that is exactly 1 would be taken for R's code 1
check_codes <- function(answer, levels, encoded) {
  if (is.integer(answer) || encoded || identical(numbers_of(levels, encoded), suppressWarnings(as.numeric(levels)))) {
    return(invisible())
  }
  stop("predict answered the number ", format(answer[[1L]]), " where a class is needed: integers are R's codes, other ",
    "numbers are not; name a function of your own for predict that answers classes, or one for predict_proba where ",
    "these are shares",
    call. = FALSE
  )
}

#' Probabilities with one column a class, in the order of the classes
#'
#' Columns are matched by name, also by what `make.names()` did to the name; a class without a column was
#' never seen in training and has probability 0.
as_probabilities <- function(answer, levels, n) {
  answer <- as_plain(answer, n, "probabilities")
  k <- length(levels)
  if (is.null(dim(answer)) && n == 1L && length(answer) == k) {
    answer <- matrix(answer, nrow = 1L, dimnames = list(NULL, names(answer)))
  }
  if (is.numeric(answer) && NCOL(answer) == 1L && NROW(answer) == n && k == 2L) {
    answer <- two_columns(answer, levels)
  }
  if (!is.matrix(answer) || !is.numeric(answer)) {
    stop("predict answered an object of class ", class(answer)[[1L]], " instead of a matrix of probabilities; ",
      "name a function of your own for predict_proba",
      call. = FALSE
    )
  }
  if (nrow(answer) != n) wrong_length(nrow(answer), n)
  check_complete(rowSums(is.na(answer)) > 0, "predict_proba")
  columns <- colnames(answer)
  if (is.null(columns)) {
    if (ncol(answer) != k) {
      stop("the probabilities have ", ncol(answer), " columns without names for ", k, " classes; name the columns ",
        "after the classes",
        call. = FALSE
      )
    }
    columns <- levels
  }
  if (identical(columns, levels)) return(matrix(as.double(answer), n, k))
  place <- class_of_column(columns, levels)
  out <- matrix(0, n, k)
  out[, place] <- answer
  out
}

class_of_column <- function(columns, levels) {
  place <- place_of(columns, levels)
  if (is.null(place) || anyDuplicated(place)) {
    stop("the probabilities' columns are named ", listing(columns), "; the classes are ", listing(levels), call. = FALSE)
  }
  place
}

#' The classes that columns are named by, also by what R makes of such names; `NULL` where they are named otherwise
place_of <- function(columns, levels) {
  if (is.null(columns)) return(NULL)
  framed <- make.names(ifelse(nzchar(levels), levels, paste0("V", seq_along(levels))), unique = TRUE)
  for (spelt in list(
    levels, make.names(levels), make.names(levels, unique = TRUE), framed, paste0(".pred_", levels),
    as.character(seq_along(levels) - 1L)
  )) {
    place <- match(columns, spelt)
    if (!anyNA(place)) return(place)
  }
  NULL
}

#' Numbers of a regression: a vector of n, or a matrix of n rows where there are several outputs
as_numbers <- function(answer, n) {
  answer <- as_plain(answer, n, "numbers")
  if (is.factor(answer) || !(is.numeric(answer) || is.logical(answer))) {
    stop("predict answered an object of class ", class(answer)[[1L]], ", but a regression needs numbers; declare the ",
      "model as a classifier, or name a function of your own for predict",
      call. = FALSE
    )
  }
  if (is.matrix(answer) && ncol(answer) > 1L) {
    if (nrow(answer) != n) wrong_length(nrow(answer), n)
    return(matrix(as.double(answer), n))
  }
  check_length(answer, n)
  as.double(answer)
}

#' The answer without the wrappings that some packages put around it
#'
#' @param n How many answers there must be.
#' @param purpose What was asked for: "classes", "probabilities" or "numbers".
as_plain <- function(answer, n, purpose) {
  if (is.data.frame(answer)) {
    answer <- part_of_frame(answer, purpose)
  } else if (is.list(answer)) {
    answer <- part_of_list(answer, n, purpose)
    if (is.data.frame(answer)) answer <- part_of_frame(answer, purpose)
  }
  shape <- dim(answer)
  if (length(shape) == 1L) {
    names <- names(answer)
    dim(answer) <- NULL
    names(answer) <- names
  } else if (length(shape) == 3L && shape[[3L]] == 1L) {
    answer <- array(answer, shape[1:2], dimnames(answer)[1:2])
  }
  answer
}

check_length <- function(answer, n) {
  if (length(answer) != n) wrong_length(length(answer), n)
}

wrong_length <- function(found, n) {
  stop("predict gave ", found, " answers for ", n, " rows; ",
    if (found < n) "rows with missing values may have been left out" else "one answer a row is needed",
    call. = FALSE
  )
}

check_complete <- function(missing, what) {
  if (any(missing)) {
    stop(what, " gave NA for rows ", listing(which(missing)), "; check these rows for missing or unknown values",
      call. = FALSE
    )
  }
}

listing <- function(values) {
  shown <- paste(utils::head(values, 10L), collapse = ", ")
  if (length(values) > 10L) paste0(shown, " and ", length(values) - 10L, " more") else shown
}
