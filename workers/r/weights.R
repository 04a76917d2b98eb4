#' What a model keeps in the environments of its formulas and functions, the largest first
#'
#' A formula or a function that is made in a function keeps all that the function has when it returns, and R serialises
#' it with the model. What belongs to packages, to the script itself or to the global environment is not serialised.
#'
#' @param env The script's environment.
#' @return What [guarded()] gives; its value is a list of texts and a list of the bytes of each.
weigh_model <- function(model, env) {
  guarded(env = env, {
    found <- if (is.environment(model)) list() else kept_objects(model, list(env, parent.env(env)))
    bytes <- vapply(found, `[[`, 0, "bytes")
    largest <- utils::head(order(bytes, decreasing = TRUE), 3L)
    list(vapply(found[largest], `[[`, "", "what"), bytes[largest])
  })
}

#' The objects of all frames that a model's formulas and functions refer to, each with its bytes
#'
#' @param outside Environments that are not part of it.
kept_objects <- function(model, outside) {
  seen <- outside
  found <- list()
  left <- 10000L # parts that are looked at; a model may have millions
  frame <- function(env, place) {
    while (is_frame(env) && !any(vapply(seen, identical, NA, env))) {
      seen <<- c(seen, env)
      for (name in ls(env, all.names = TRUE)) {
        value <- tryCatch(get(name, env, inherits = FALSE), error = function(e) NULL)
        what <- paste0("'", name, "', in the environment of ", place)
        found <<- c(found, list(list(what = what, bytes = bytes_of(value))))
        look(value, place)
      }
      env <- parent.env(env)
    }
  }
  look <- function(part, place) {
    left <<- left - 1L
    if (left < 0L || is.environment(part)) return()
    if (is.function(part)) frame(environment(part), if (nzchar(place)) paste("the function", place) else "the function itself")
    kept <- attributes(part)
    if (is.environment(kept$.Environment)) frame(kept$.Environment, if (nzchar(place)) place else "a formula")
    parts <- c(if (is.list(part)) unclass(part), kept[!names(kept) %in% plain_attributes])
    inner <- Filter(function(each) is.recursive(each) || !is.null(attributes(each)), parts)
    for (i in seq_along(inner)) look(inner[[i]], paste0(place, if (length(names(inner))) paste0("$", names(inner)[[i]])))
  }
  look(model, "")
  found
}

plain_attributes <- c("names", "class", "dim", "dimnames", "row.names", "levels", "tsp", ".Environment", "srcref")

#' Whether an environment is that of a call, and goes with what refers to it
is_frame <- function(env) {
  is.environment(env) && !isNamespace(env) && !identical(env, globalenv()) && !identical(env, baseenv()) &&
    !identical(env, emptyenv()) && is.null(attr(env, "name"))
}

#' The bytes of an object, without the environments that it refers to
bytes_of <- function(value) {
  as.double(length(serialize(value, NULL, xdr = FALSE, version = 3L, refhook = function(env) "")))
}
