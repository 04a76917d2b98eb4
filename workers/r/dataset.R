#' Call an author's function that returns data
#'
#' @param env The script's environment.
#' @param name The function's name.
#' @param params A named list of arguments.
#' @return What [guarded()] gives; its value is what [as_dataset()] gives.
read_dataset <- function(env, name, params) {
  guarded(as_dataset(entry(name, character(), env, params)(), name), env)
}

#' Call an author's function that makes another table
#'
#' @param env The script's environment.
#' @param name The function's name; its first argument is the table.
#' @param x A data.frame, or `NULL` for a function that begins without one.
#' @param params A named list of arguments.
#' @param offered Another one, of which the function gets those that it has arguments for; they come before `params`.
#' @return What [guarded()] gives; its value is what [as_dataset()] gives.
transform_table <- function(env, name, x, params, offered) {
  guarded(env = env, {
    taken <- offered[takes(get(name, envir = env, mode = "function"), names(offered), !is.null(x))]
    arguments <- c(params[setdiff(names(params), names(taken))], taken)
    made <- if (is.null(x)) entry(name, character(), env, arguments)() else entry(name, "x", env, arguments)(x)
    if (!is.data.frame(made) && !is.matrix(made)) {
      stop(name, "(): returned ", shape_of(made), "; return a data.frame", call. = FALSE)
    }
    as_dataset(made, name)
  })
}

#' Which of these arguments a function takes by name, besides a first one that is the table
takes <- function(fun, names, table) {
  known <- names(formals(args(fun)))
  if (table && length(known) && known[[1L]] != "...") known <- known[-1L]
  if ("..." %in% known) rep(TRUE, length(names)) else names %in% known
}

#' Columns and target of what a dataset function returned
#'
#' @param answer A data.frame or a matrix, or a list of one and of the target, by the names x and y or by place.
#' @param name The function's name, for messages.
#' @return A list of three: the names of the columns; the columns, each a plain vector or a factor; and the target,
#'   one of these or `NULL`. Text is UTF-8.
as_dataset <- function(answer, name) {
  refuse <- function(...) stop(name, "(): ", ..., call. = FALSE)
  if (is.data.frame(answer) || is.matrix(answer)) answer <- list(answer)
  if (!is.list(answer) || is.object(answer) || !length(answer) %in% 1:2) {
    refuse("returned ", shape_of(answer), "; return list(x, y) with a data.frame or a matrix as x, or a data.frame alone")
  }
  if (setequal(names(answer), c("x", "y"))) answer <- answer[c("x", "y")]
  x <- answer[[1L]]
  if (!is.data.frame(x) && !is.matrix(x)) {
    refuse("x is ", shape_of(x), "; make it a data.frame, or a matrix with column names")
  }
  names <- names_of(x, refuse)
  columns <- lapply(seq_along(names), function(j) {
    plain_column(if (is.matrix(x)) x[, j] else x[[j]], paste0("column '", names[[j]], "'"), refuse)
  })
  y <- if (length(answer) == 2L) answer[[2L]]
  if (is.data.frame(y) && length(y) == 1L) y <- y[[1L]]
  if (!is.null(y)) {
    y <- plain_column(y, "the target y", refuse)
    if (length(y) != nrow(x)) refuse("y has ", length(y), " values for the ", nrow(x), " rows of x; return one a row")
  }
  list(names, columns, y)
}

#' The names of the columns, all different; those of a matrix without names are V1, V2, ... as data.frames call them
names_of <- function(x, refuse) {
  names <- colnames(x)
  if (is.null(names)) names <- paste0(rep("V", ncol(x)), seq_len(ncol(x)))
  if (!length(names)) refuse("x has no columns; return at least one")
  unnamed <- which(is.na(names) | !nzchar(names))
  if (length(unnamed)) refuse("column ", unnamed[[1L]], " of x has no name; name all columns")
  twice <- names[duplicated(names)]
  if (length(twice)) refuse("x has several columns '", twice[[1L]], "'; give each a name of its own")
  as_utf8(names, "the names of x", refuse)
}

#' One column as a vector without attributes, as a factor that is no more than levels and codes, as days, or as
#' instants of a named zone
plain_column <- function(values, where, refuse) {
  if (is.factor(values)) {
    known <- levels(values)
    # addNA() makes a level of what is missing
    if (anyNA(known)) values <- factor(values, known[!is.na(known)], ordered = is.ordered(values))
    levels(values) <- as_utf8(levels(values), where, refuse)
    return(values)
  }
  if (inherits(values, "POSIXlt")) values <- as.POSIXct(values)
  if (inherits(values, "Date")) return(structure(floor(as.double(unclass(values))), class = "Date"))
  if (inherits(values, "POSIXct")) {
    return(structure(as.double(unclass(values)), class = c("POSIXct", "POSIXt"), tzone = zone_of(values)))
  }
  if (inherits(values, "AsIs")) class(values) <- setdiff(class(values), "AsIs")
  # scale() and others make matrices of one column
  if (length(dim(values)) > 1L && length(values) != nrow(values)) {
    refuse(where, " is a matrix of ", ncol(values), " columns; make each a column of its own")
  }
  if (is.object(values)) {
    refuse(where, " is of class ", class(values)[[1L]], ", which cannot be brought over; turn it into numbers, text, a ",
      "factor or a Date, with as.numeric() or format(), say"
    )
  }
  if (!typeof(values) %in% c("double", "integer", "logical", "character")) {
    refuse(where, " is ", shape_of(values), "; make it numbers, truth values, text or a factor")
  }
  values <- as.vector(values)
  if (is.character(values)) as_utf8(values, where, refuse) else values
}

#' The zone of instants; where they name none, R shows them in its own
zone_of <- function(instants) {
  zone <- attr(instants, "tzone")[1L]
  if (is.null(zone) || is.na(zone) || !nzchar(zone)) zone <- Sys.getenv("TZ")
  # Sys.timezone() would ask systemd, which complains where it does not run
  if (!nzchar(zone)) zone <- sub("^.*/zoneinfo/", "", Sys.readlink("/etc/localtime"))
  if (zone %in% OlsonNames()) zone else "UTC"
}

as_utf8 <- function(text, where, refuse) {
  # enc2utf8() would spell wrong bytes as <ff>
  wrong <- which(!validUTF8(text) & Encoding(text) != "latin1")
  if (length(wrong)) {
    refuse(where, " holds text that is not UTF-8, in place ", wrong[[1L]], "; convert it with iconv()")
  }
  enc2utf8(text)
}

#' What a value is, in a few words
shape_of <- function(value) {
  if (is.null(value)) return("NULL")
  if (is.object(value)) return(paste("an object of class", class(value)[[1L]]))
  if (is.function(value)) return("a function")
  kind <- if (is.matrix(value)) "matrix" else if (is.list(value)) "list" else paste(typeof(value), "vector")
  paste0(if (grepl("^[aeiou]", kind)) "an " else "a ", kind, " of length ", length(value))
}
