#' The version of R
r_version <- function() as.character(getRversion())

#' Collect garbage, and run the finalisers that are due
#'
#' @return What [guarded()] gives; its value is `TRUE`.
collect <- function() {
  guarded({
    gc()
    TRUE
  })
}

#' Versions of the loaded packages that do not come with R itself
#'
#' @return A named character vector.
package_versions <- function() {
  names <- sort(setdiff(loadedNamespaces(), base_packages))
  versions <- vapply(names, function(name) as.character(getNamespaceVersion(name))[[1L]], "")
  stats::setNames(versions, names)
}

#' The attached packages that do not come with R itself, the first one searched first
attached_packages <- function() setdiff(.packages(), base_packages)

base_packages <- c(
  "base", "compiler", "datasets", "graphics", "grDevices", "grid", "methods", "parallel", "splines", "stats",
  "stats4", "tcltk", "tools", "translations", "utils"
)

#' Load what a stored model needs, before its bytes are read
#'
#' `predict()` finds no method, or a wrong one, for a model whose package is not loaded.
#'
#' @param wanted Names of packages with the versions that the model was fitted with.
#' @param attached Names of those to attach, the first one searched first.
#' @param version The version of R that the model was fitted with.
#' @param env The environment of the model's script, in whose world they are attached.
#' @return What [guarded()] gives; its value is `TRUE`.
restore_packages <- function(wanted, attached, version = r_version(), env = NULL) {
  guarded(env = env, {
    if (version != r_version()) {
      warning("the model was fitted with R ", version, ", here is ", r_version(), call. = FALSE)
    }
    found <- load_namespaces(names(wanted))
    if (!all(found)) {
      stop("the model was fitted with R packages that cannot be loaded here: ",
        listing(paste(names(wanted), wanted)[!found]), "; install them beside R",
        call. = FALSE
      )
    }
    for (name in names(wanted)) {
      here <- as.character(getNamespaceVersion(name))
      if (here != wanted[[name]]) {
        warning("the model was fitted with ", name, " ", wanted[[name]], ", here is ", here, call. = FALSE)
      }
    }
    for (name in setdiff(rev(attached), .packages())) {
      library(name, character.only = TRUE, warn.conflicts = FALSE)
    }
    TRUE
  })
}

#' Search the author's own libraries first, from now on and in the script's world
#'
#' @param folders Folders of installed packages, as the author names them.
#' @param project The folder of the script: if an renv project is there, its library is one of them.
#' @param env The script's environment.
#' @return What [guarded()] gives; its value is the libraries.
use_libraries <- function(folders, project, env = NULL) {
  guarded(env = env, {
    gone <- folders[!dir.exists(folders)]
    if (length(gone)) {
      warning("there is no library folder ", listing(gone), "; its packages are looked for elsewhere", call. = FALSE)
    }
    .libPaths(unique(c(folders, renv_libraries(project), .libPaths())))
    .libPaths()
  })
}

#' The library of an renv project for this R; newer ones have a folder for the system in between
renv_libraries <- function(project) {
  if (!nzchar(project)) return(character())
  version <- paste0("R-", getRversion()[, 1:2])
  Sys.glob(file.path(project, "renv", "library", c("", "*"), version, R.version$platform))
}

#' A model as bytes: of the author's function of that name, or R's own
#'
#' A reference to the script's environment is written as a name: the script itself is stored beside the
#' bytes, and a model that keeps a formula or a function would otherwise drag all of it along.
dump_model <- function(model, env, own = "") {
  if (nzchar(own)) {
    return(guarded(env = env, {
      bytes <- entry(own, "model", env)(model)
      if (!is.raw(bytes)) stop(own, "() returned ", shape_of(bytes), "; return a raw vector", call. = FALSE)
      bytes
    }))
  }
  masks <- parent.env(env)
  name_of <- function(place) {
    if (identical(place, env)) "script" else if (identical(place, masks)) "masks"
  }
  guarded(serialize(model, NULL, xdr = FALSE, version = 3L, refhook = name_of), env)
}

#' The model of bytes that [dump_model()] gave
load_model <- function(bytes, env, own = "") {
  if (nzchar(own)) return(guarded(entry(own, "bytes", env)(bytes), env))
  guarded(unserialize(bytes, refhook = function(name) if (name == "script") env else parent.env(env)), env)
}

#' What is known of a fitted model
describe_model <- function(model) {
  list(class(model), knows_probabilities(model))
}
