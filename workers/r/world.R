# What R has once for the whole process, and each script has for itself: the search path, options, environment
# variables (the time zone is one), the locale, random numbers, the working directory, the libraries and the global
# environment. A script leaves all of it behind as it is when another one is entered, and finds it so when it is entered
# again. A script that is new finds what the process started with, and what packages have set when they were loaded.

#' The part of the process that scripts have in turns, as it is now; all of it is cheap to ask for and to compare
process_state <- function() {
  list(
    search = search(),
    options = as.list(.Options), # options() copies each value, and takes ten times as long
    variables = .Internal(Sys.getenv(character(), "")), # as NAME=value; base's function takes a tenth of a millisecond
    locale = Sys.getlocale(),
    seed = get0(".Random.seed", globalenv(), inherits = FALSE),
    folder = getwd(),
    libraries = .libPaths(),
    globals = global_names()
  )
}

#' Enter a script's world: keep what the one before leaves, and put back what this one has left
#'
#' @param env The script's environment.
#' @param before The environment of the script that was entered before, or `NULL`.
enter_world <- function(env, before) {
  now <- process_state()
  if (is.null(worlds$defaults)) {
    worlds$defaults <- now
    worlds$defaults$environ <- Sys.getenv()
    worlds$loaded <- loadedNamespaces()
  }
  if (!is.null(before)) {
    leave_world(world_of(before), now)
    now$globals <- world_of(before)$left$globals
  }
  put_back(as_left(world_of(env)), now)
}

# What a new script finds; what packages have set since the first one was entered, in order; the packages that are
# loaded; and which of them mask nothing of others.
worlds <- list2env(list(defaults = NULL, news = list(), loaded = character(), harmless = new.env()), parent = emptyenv())

#' What a script keeps lies beside its masked functions, where its own code does not come to it
world_of <- function(env) get(".world", parent.env(env), inherits = FALSE)

leave_world <- function(world, now) {
  adopt_settings_of_packages(now)
  known <- world$left
  now$environ <- if (identical(now$variables, known$variables)) known$environ else Sys.getenv()
  now$attached <- lapply(seq_along(now$search), kept_attached, now$search)
  now$kept <- list()
  if (length(now$globals)) now$kept <- Filter(Negate(is.null), lapply(stats::setNames(nm = now$globals), kept_global))
  now$globals <- names(now$kept)
  world$left <- now
  world$seen <- length(worlds$news)
}

#' A global as a list of its value
#'
#' An active binding, and what raises when it is asked for, stays where it is, for all: it is an author's code, which has
#' no business in the next one's call.
kept_global <- function(name) {
  if (bindingIsActive(as.name(name), globalenv())) return(NULL)
  tryCatch(list(get(name, globalenv(), inherits = FALSE)), error = function(e) NULL)
}

# Places of the search path that are in every R.
usual <- c(".GlobalEnv", "Autoloads", "tools:rstudio", "org:r-lib")

#' A world as its script left it, with what packages have set since then; that of a new script is as the process began
as_left <- function(world) {
  left <- world$left
  if (is.null(left)) {
    left <- worlds$defaults
    left$globals <- character()
    left["seed"] <- list(NULL)
    world$seen <- 0L
  }
  for (news in worlds$news[seq_len(length(worlds$news) - world$seen) + world$seen]) {
    if (identical(left[[news$part]][news$name][[1L]], news$old)) {
      left[[news$part]][news$name] <- list(news$new)
      left$variables <- NULL
    }
  }
  left
}

#' The names of values that differ from others, or that these do not have
differing <- function(values, others) {
  place <- match(names(values), names(others))
  same <- !is.na(place)
  same[same] <- mapply(identical, as.list(values)[same], as.list(others)[place[same]], USE.NAMES = FALSE)
  names(values)[!same]
}

put_back <- function(wanted, now) {
  if (!identical(wanted$search, now$search)) put_back_search(wanted, now$search)
  if (!identical(wanted$options, now$options)) put_back_options(wanted$options, now$options)
  if (!identical(wanted$variables, now$variables)) put_back_environ(wanted$environ, Sys.getenv())
  if (!identical(wanted$locale, now$locale)) put_back_locale(wanted$locale)
  if (!identical(wanted$folder, now$folder) && length(wanted$folder) && dir.exists(wanted$folder)) setwd(wanted$folder)
  if (!identical(wanted$libraries, now$libraries)) .libPaths(wanted$libraries)
  if (!environmentIsLocked(globalenv())) put_back_globals(wanted, now) # else nothing in it can be taken away any more
}

put_back_globals <- function(wanted, now) {
  for (name in now$globals) rm(list = name, envir = globalenv())
  for (name in wanted$globals) assign(name, wanted$kept[[name]][[1L]], globalenv())
  if (!is.null(wanted$seed)) {
    assign(".Random.seed", wanted$seed, globalenv())
  } else if (!is.null(now$seed)) {
    RNGkind("default", "default", "default")
    rm(".Random.seed", envir = globalenv())
  }
}

put_back_options <- function(wanted, now) {
  gone <- setdiff(names(now), names(wanted))
  changed <- differing(wanted, now)
  options(c(stats::setNames(vector("list", length(gone)), gone), wanted[changed]))
}

put_back_environ <- function(wanted, now) {
  Sys.unsetenv(setdiff(names(now), names(wanted)))
  changed <- differing(wanted, now)
  if (length(changed)) do.call(Sys.setenv, as.list(wanted[changed]))
}

put_back_locale <- function(wanted) {
  parts <- strsplit(strsplit(wanted, ";", fixed = TRUE)[[1L]], "=", fixed = TRUE)
  for (part in parts[lengths(parts) == 2L]) {
    # R warns of decimal points other than its own, which is the author's business
    if (part[[1L]] %in% settable) suppressWarnings(Sys.setlocale(part[[1L]], part[[2L]]))
  }
  if (length(parts) == 1L) Sys.setlocale("LC_ALL", wanted)
}

# Of the parts that Sys.getlocale() tells.
settable <- c(
  "LC_COLLATE", "LC_CTYPE", "LC_MEASUREMENT", "LC_MESSAGES", "LC_MONETARY", "LC_NUMERIC", "LC_PAPER", "LC_TIME"
)

#' Have the search path that a script knows, where that could make a difference to it
#'
#' Packages of other scripts stay where they mask nothing of its own, because to attach one takes milliseconds.
put_back_search <- function(wanted, now) {
  extra <- setdiff(now, wanted$search)
  in_order <- identical(setdiff(now, extra), wanted$search)
  if (in_order && all(vapply(extra, masks_nothing, NA, wanted$search))) return(invisible())
  same <- common_tail(wanted$search, now)
  for (name in now[seq_len(length(now) - same)][-1L]) {
    detach(name, character.only = TRUE, unload = FALSE, force = TRUE)
  }
  for (place in rev(seq_len(length(wanted$search) - same)[-1L])) {
    attach_again(wanted$search[[place]], wanted$attached[place][[1L]])
  }
}

common_tail <- function(one, other) {
  n <- min(length(one), length(other)) - 1L # the global environment comes first, and stays
  if (n < 1L) return(0L)
  unlike <- which(rev(one)[seq_len(n)] != rev(other)[seq_len(n)])
  if (length(unlike)) unlike[[1L]] - 1L else n
}

#' Whether what is attached under a name has no name in common with what a script finds elsewhere
masks_nothing <- function(name, search) {
  if (!is_package(name)) return(FALSE)
  key <- paste(c(name, search), collapse = " ")
  known <- get0(key, worlds$harmless, inherits = FALSE)
  if (!is.null(known)) return(known)
  own <- ls(name, all.names = TRUE)
  own <- own[!startsWith(own, ".")]
  harmless <- !any(own %in% unlist(lapply(setdiff(search, ".GlobalEnv"), exported)))
  assign(key, harmless, worlds$harmless)
  harmless
}

exported <- function(name) {
  if (name %in% search()) return(ls(name))
  package <- sub("^package:", "", name)
  if (isNamespaceLoaded(package)) getNamespaceExports(package) else character()
}

#' What is needed to attach again what is at a place of the search path: nothing for a package, else its values
kept_attached <- function(place, search) {
  name <- search[[place]]
  if (name %in% usual || is_package(name)) return(NULL)
  tryCatch(as.list(as.environment(place), all.names = TRUE), error = function(e) list())
}

# Anything may be attached under such a name.
is_package <- function(name) startsWith(name, "package:") && isNamespaceLoaded(sub("^package:", "", name))

attach_again <- function(name, values) {
  if (is.null(values)) {
    suppressPackageStartupMessages(attachNamespace(sub("^package:", "", name)))
  } else {
    attach(values, name = name, warn.conflicts = FALSE)
  }
}

#' Load packages, and take what they set at that for settings of the process
#'
#' @return Whether each is there.
load_namespaces <- function(names) {
  missing <- names[!vapply(names, isNamespaceLoaded, NA)]
  if (!length(missing)) return(stats::setNames(rep(TRUE, length(names)), names))
  before <- list(options = options(), environ = Sys.getenv())
  found <- vapply(names, requireNamespace, NA, quietly = TRUE)
  after <- list(options = options(), environ = Sys.getenv())
  for (part in names(after)) tell_news(part, differing(after[[part]], before[[part]]), before[[part]], after[[part]])
  worlds$loaded <- loadedNamespaces()
  found
}

tell_news <- function(part, names, before, after) {
  news <- lapply(names, function(name) {
    list(part = part, name = name, old = before[name][[1L]], new = after[name][[1L]])
  })
  worlds$news <- c(worlds$news, news)
}

#' Take options that are called after a package for that package's settings, where a script has loaded it
adopt_settings_of_packages <- function(now) {
  if (length(loadedNamespaces()) == length(worlds$loaded)) return(invisible())
  new <- setdiff(loadedNamespaces(), worlds$loaded)
  worlds$loaded <- loadedNamespaces()
  unknown <- setdiff(names(now$options), names(worlds$defaults$options))
  theirs <- unknown[sub("[.].*$", "", unknown) %in% c(new, gsub(".", "", new, fixed = TRUE))]
  tell_news("options", theirs, list(), now$options)
}

global_names <- function() {
  names <- names(globalenv())
  names[names != ".Random.seed"]
}
