#' Run an author's code and tell what came of it
#'
#' Warnings are collected and muffled, an error or an interrupt ends the evaluation and is told as a value,
#' so nothing but a jump to R's top level passes through here.
#'
#' @param expr The call to make, not yet evaluated.
#' @param env The environment of the author's script, where its S4 and reference classes are looked for, or `NULL`.
#' @return A list of three: the value, a character vector of warnings, and `NULL` or the failure, which is a
#'   list of message, class and traceback, and behind them what [unseen_levels()] found.
guarded <- function(expr, env = NULL) {
  if (!is.null(env)) return(guarded(in_script(env, expr)))
  on.exit(close_devices())
  warned <- character()
  trace <- ""
  unseen <- list()
  on_warning <- function(w) {
    if (length(warned) < 100L) warned <<- c(warned, conditionMessage(w))
    # Conditions that were signalled without warning() have no such restart.
    if (!is.null(findRestart("muffleWarning", w))) invokeRestart("muffleWarning")
  }
  on_error <- function(e) {
    trace <<- author_trace(sys.nframe())
    unseen <<- unseen_levels(sys.nframe(), conditionCall(e))
  }
  failed <- function(message, class) list(NULL, warned, c(list(message, class, trace), unseen))
  tryCatch(
    {
      value <- withCallingHandlers(expr, warning = on_warning, error = on_error)
      list(value, warned, NULL)
    },
    error = function(e) failed(message_of(e), class(e)[[1L]]),
    interrupt = function(i) failed("the call was stopped before it came to an end", "interrupt")
  )
}

#' Evaluate in a script's own world (world.R), with S4 and reference classes looked for in its environment, as in a
#' package's own
#'
#' R knows a class by its bare name, for the whole process. So the definitions of one script at a time are in its
#' tables: those of the script that is called, which come and go as a package's do that is attached and detached.
in_script <- function(env, expr) {
  last <- known_to_r$script
  if (!identical(last, env)) {
    known_to_r$script <- NULL # of nobody, where the change stops half-way
    suspendInterrupts(enter_world(env, last))
    if (has_definitions(last)) make_forgotten(last)
    if (has_definitions(env)) make_known(env)
    known_to_r$script <- env
  }
  # a limit of nested calls that an author has set holds for the author's calls alone, and not for the way to them
  world <- world_of(env)
  before <- options(topLevelEnvironment = env, expressions = world$expressions)
  on.exit({
    world$expressions <- getOption("expressions")
    options(before)
  })
  expr
}

known_to_r <- new.env(parent = emptyenv())

#' Take a script's definitions out of R's tables, where those of packages stay
#'
#' A generic that a script has methods for may be that of packages, too. R then keeps what stands in the search path
#' alone, and the packages of other scripts are not in it.
make_forgotten <- function(env) {
  methods::cacheMetaData(env, FALSE, env)
  for (table in method_tables(env)) {
    for (package in loadedNamespaces()) add_methods(table, asNamespace(package))
  }
}

add_methods <- function(table, namespace) {
  methods <- get0(table, namespace, inherits = FALSE)
  definition <- get0(generic_of(table), namespace, mode = "function")
  if (is.null(methods) || !methods::is(definition, "genericFunction")) return(invisible())
  for (method in as.list(methods, all.names = TRUE)) {
    if (methods::is(method, "MethodDefinition")) {
      methods::cacheMethod(generic_of(table), method@defined, method, fdef = definition)
    }
  }
}

method_tables <- function(env) ls(env, pattern = "^\\.__T__", all.names = TRUE)
generic_of <- function(table) sub("^\\.__T__(.*):.*$", "\\1", table)

make_known <- function(env) {
  methods::cacheMetaData(env, TRUE, env)
  # a script's own generics lose their methods when they go, and are passed over when they come
  for (table in method_tables(env)) {
    for (method in as.list(get(table, env))) {
      if (methods::is(method, "MethodDefinition")) {
        methods::setMethod(generic_of(table), method@defined, method, where = env)
      }
    }
  }
}

# setClass() and setMethod() leave objects of such names
has_definitions <- function(env) !is.null(env) && any(startsWith(names(env), ".__"))

#' What `model.frame()` found where it met levels that a model does not know; models with a formula ask it
#'
#' Its message is in the language of the process, so it is not read: what it says stands in the frame of the call.
#'
#' @param top Number of the handler's own frame.
#' @param call The call that an error came from.
#' @return A list of three: names that the variable may have among the columns, its unknown levels and the known ones;
#'   empty where the error is another.
unseen_levels <- function(top, call) {
  asked <- Filter(function(i) identical(sys.function(i), stats::model.frame.default), seq_len(top))
  asked <- Filter(function(i) identical(sys.call(i), call), asked)
  if (!length(asked)) return(list())
  found <- mget(c("nm", "nxl", "m", "xl"), sys.frame(asked[[length(asked)]]), ifnotfound = list(NULL))
  if (!is.character(found$nxl) || !isTRUE(any(found$m))) return(list())
  variables <- tryCatch(all.vars(str2lang(found$nm)), error = function(e) character())
  list(unique(c(found$nm, variables)), found$nxl[found$m], as.character(found$xl))
}

#' The text of a condition, whatever its class does with `conditionMessage()`
message_of <- function(condition) {
  text <- tryCatch(paste(conditionMessage(condition), collapse = "\n"), error = function(e) "")
  if (nzchar(text)) text else paste0("an error of class ", class(condition)[[1L]])
}

#' The author's part of the call stack, innermost call first, as `traceback()` prints it
#'
#' @param top Number of the handler's own frame.
author_trace <- function(top) {
  is_entry <- function(i) isTRUE(attr(sys.function(i), "entry", exact = TRUE)) || identical(sys.function(i), source)
  entries <- Filter(is_entry, seq_len(top - 1L))
  if (!length(entries)) return("")
  calls <- sys.calls()[seq_len(top - 1L)]
  # The first script is sourced by us; an author's own source() belongs to the author.
  calls <- calls[-seq_len(entries[[1L]])]
  plumbing <- list(
    quote(withVisible(eval(ei, envir))), quote(eval(ei, envir)), quote(base::source(file, local = where, ...))
  )
  is_plumbing <- function(call) {
    identical(call[[1L]], quote(.handleSimpleError)) || is_signal(call) ||
      any(vapply(plumbing, identical, NA, strip_source(call)))
  }
  lines <- vapply(Filter(Negate(is_plumbing), as.list(calls)), describe_call, "")
  if (!length(lines)) return("")
  lines <- rev(paste0(seq_along(lines), ": ", lines))
  if (length(lines) > 30L) {
    lines <- c(lines[1:15], sprintf("... %d more calls ...", length(lines) - 30L), rev(rev(lines)[1:15]))
  }
  paste(lines, collapse = "\n")
}

# R calls a handler as h(simpleError(msg, call)).
is_signal <- function(call) identical(strip_source(call), quote(h(simpleError(msg, call))))

strip_source <- function(call) {
  attributes(call) <- NULL
  call
}

#' One line for one call: its text, cut to length, and file#line where they are known
describe_call <- function(call) {
  text <- substr(deparse(strip_source(call), width.cutoff = 100L, nlines = 1L)[[1L]], 1L, 200L)
  place <- attr(call, "srcref", exact = TRUE)
  if (is.null(place)) return(text)
  file <- attr(place, "srcfile", exact = TRUE)$filename
  paste0(text, " at ", basename(file), "#", place[[1L]])
}
