#' Source an author's script into an environment of its own
#'
#' Scripts that define the same names live side by side. The environment's parent holds what a worker must
#' look after: `quit()` may not end the process, and `source()` must fill the script's environment, not the
#' global one that all scripts share.
#'
#' @param path The script's absolute path.
#' @param folder The folder that messages name files from.
#' @param env The environment, as [new_script()] makes it.
#' @param stay Whether the script's folder is its working directory from now on, because it reads files there.
#' @return What [guarded()] gives; its value is the environment.
load_script <- function(path, folder, env = new_script("script"), stay = FALSE) {
  result <- guarded(env = env, {
    if (stay) setwd(dirname(path))
    source(path, local = env, encoding = "UTF-8", chdir = TRUE, keep.source = TRUE, echo = FALSE)
    env
  })
  if (!is.null(result[[3L]])) {
    result[[3L]][[1L]] <- gsub(paste0(folder, "/"), "", result[[3L]][[1L]], fixed = TRUE)
  }
  result
}

#' An empty environment for one script, below one that holds the masked functions
#'
#' @param package A name for the script that is the same in every process: its S4 and reference classes are
#'   stored under it, and do not touch those of other scripts.
new_script <- function(package) {
  masks <- new.env(parent = globalenv())
  env <- new.env(parent = masks)
  methods::setPackageName(package, env)
  masks$.world <- list2env(list(expressions = getOption("expressions")), parent = emptyenv())
  masks$quit <- masks$q <- function(save = "default", status = 0, runLast = TRUE) {
    stop("quit() was called: a served model may not end its worker; call stop() with a message instead", call. = FALSE)
  }
  masks$source <- function(file, local = FALSE, ...) {
    where <- if (is.environment(local)) local else if (isTRUE(local)) parent.frame() else env
    base::source(file, local = where, ...)
  }
  lockEnvironment(masks, bindings = TRUE)
  env
}

#' The names of a script's functions
script_functions <- function(env) {
  names <- ls(env)
  names[vapply(names, exists, NA, envir = env, mode = "function", inherits = FALSE)]
}
