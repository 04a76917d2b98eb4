# A caller's side of a service of Triglot, for R 4.0 and later with the packages curl and jsonlite:
#
#   source("triglot.R")
#   iris <- triglot_endpoint("http://127.0.0.1:8000", model = "iris-r")
#   predict(iris, newdata)
#   predict(iris, newdata, type = "prob")

#' A service, and perhaps one model of it
#'
#' @param url The service's address, such as `"http://127.0.0.1:8000"`.
#' @param model Whose answers [predict()] gives; by default the only model that is active.
#' @param headers What every request carries besides, named: `c(Authorization = "Bearer ...")`.
#' @param timeout Seconds for a call with all its tries.
#' @return An object of class `triglot_endpoint`. Nothing is sent yet.
triglot_endpoint <- function(url, model = NULL, headers = character(), timeout = 60) {
  if (!is.character(url) || length(url) != 1L || !grepl("^https?://[^/]", url)) {
    stop("url must be an address such as \"http://127.0.0.1:8000\"", call. = FALSE)
  }
  if (length(headers) && (is.null(names(headers)) || any(!nzchar(names(headers))))) {
    stop("headers must be named: c(Authorization = \"Bearer ...\")", call. = FALSE)
  }
  structure(
    list(url = sub("/+$", "", url), model = model, headers = headers, timeout = timeout, classes = new.env()),
    class = "triglot_endpoint"
  )
}

print.triglot_endpoint <- function(x, ...) {
  cat("Triglot at ", x$url, if (!is.null(x$model)) paste0(", model ", x$model), "\n", sep = "")
  invisible(x)
}

#' What a model of a service answers
#'
#' @param object A [triglot_endpoint()].
#' @param newdata A data.frame, or a matrix with column names. Instants (`POSIXct`) of a named zone are sent as such,
#'   those without one as what a clock shows here.
#' @param type `"response"`: a classifier's classes as a factor, whose levels are all classes in their order, or a
#'   regression's numbers, as a matrix where it has several outputs. `"class"`: the same, of classifiers alone.
#'   `"prob"`: a matrix with a column for each class.
#' @param model Whose answers are wanted.
#' @param ... Not used.
#' @return As `type` says, with the row names of `newdata` where these are text. What is null is `NA`. Of a model whose
#'   answers are any JSON a list of what it answers, one element a row.
#' @section Errors: All are of class `triglot_error` and have the fields `status`, `code`, `problems` (a data.frame of
#'   `row`, counted from 0, `field` and `message`) and `request_id`: `triglot_refused` where the request is at fault,
#'   `triglot_failed` where the service is, `triglot_unreachable` where nobody answered in time.
predict.triglot_endpoint <- function(object, newdata, type = c("response", "class", "prob"), model = object$model,
                                     ...) {
  type <- match.arg(type)
  body <- triglot_json(newdata)
  model <- if (is.null(model)) triglot_only_model(object) else model
  answer <- triglot_ask(object, model, if (type == "prob") "predict_proba" else "predict", body)
  rows <- if (is.data.frame(newdata)) attr(newdata, "row.names") else rownames(newdata)
  if (!is.character(rows)) rows <- NULL
  if (identical(answer$metadata$answers, "any")) {
    return(if (is.null(rows)) answer$result else stats::setNames(answer$result, rows))
  }
  if (type == "prob") {
    return(triglot_matrix(answer$result, rows, as.character(triglot_labels(answer$metadata$classes))))
  }
  classes <- triglot_classes(object, answer$metadata)
  if (is.null(classes)) {
    if (type == "class") stop("model '", model, "' is no classifier; take type = \"response\"", call. = FALSE)
    return(triglot_numbers(answer$result, rows))
  }
  found <- factor(as.character(triglot_labels(answer$result)), as.character(triglot_labels(classes)))
  if (is.null(rows)) found else stats::setNames(found, rows)
}

#' The active models of a service: a data.frame with a row for each
triglot_models <- function(endpoint) {
  told <- triglot_parse(triglot_fetch(endpoint, "/ready", known = c(200L, 503L)))$models
  data.frame(
    model = as.character(names(told)),
    version = vapply(told, function(each) if (is.null(each$version)) NA_integer_ else as.integer(each$version), 1L),
    language = vapply(told, function(each) each$language, ""),
    workers = vapply(told, function(each) as.integer(each$workers), 1L),
    row.names = NULL
  )
}

triglot_only_model <- function(endpoint) {
  names <- triglot_models(endpoint)$model
  if (length(names) == 1L) return(names)
  known <- paste(names, collapse = ", ")
  stop("this service has ", length(names), " models; name one by `model`: ", known, call. = FALSE)
}

#' The classes of the version that answered, in their order, or `NULL` of a regression; asked for once a version
triglot_classes <- function(endpoint, about) {
  key <- paste(about$version, about$model)
  if (!exists(key, endpoint$classes, inherits = FALSE)) {
    # no rows are answered without a worker, and with the classes
    told <- tryCatch(
      triglot_ask(endpoint, about$model, "predict_proba", "[]")$metadata,
      triglot_refused = function(refused) if (refused$status == 400L) list(version = about$version) else stop(refused)
    )
    key <- paste(told$version, about$model)
    assign(key, told$classes, endpoint$classes)
  }
  get(key, endpoint$classes)
}

# --- values as JSON, and back ---------------------------------------------------------------------------------------

#' Rows as a JSON object of columns
triglot_json <- function(newdata) {
  if (is.matrix(newdata) && !is.null(colnames(newdata))) newdata <- as.data.frame(newdata, stringsAsFactors = FALSE)
  if (!is.data.frame(newdata)) stop("newdata must be a data.frame, or a matrix with column names", call. = FALSE)
  if (!length(newdata)) stop("newdata has no columns", call. = FALSE)
  twice <- names(newdata)[duplicated(names(newdata))]
  if (length(twice)) stop("newdata has several columns '", twice[[1L]], "'", call. = FALSE)
  columns <- mapply(triglot_column, newdata, names(newdata))
  paste0("{", paste0(triglot_text(names(newdata)), ":[", columns, "]", collapse = ","), "}")
}

#' One column as JSON values with commas between
triglot_column <- function(values, name) {
  refuse <- function(...) stop("column '", name, "' ", ..., call. = FALSE)
  if (inherits(values, "POSIXlt")) values <- as.POSIXct(values)
  known <- c("numeric", "integer", "logical", "character", "factor", "Date", "POSIXct", "integer64", "AsIs")
  if (!is.atomic(values) || !is.null(dim(values)) || !inherits(values, known)) {
    refuse("is of class ", class(values)[[1L]], "; make it numbers, text, a factor, truth values, dates or times")
  }
  if (!length(values)) return("")
  gone <- is.na(values)
  if (is.numeric(values) && any(is.infinite(values))) refuse("has an infinite number, which cannot be sent")
  told <- if (is.factor(values) || is.character(values)) {
    triglot_text(as.character(values))
  } else if (inherits(values, "Date")) {
    paste0("\"", format(values, "%Y-%m-%d"), "\"")
  } else if (inherits(values, "POSIXct")) {
    paste0("\"", triglot_time(values), "\"")
  } else if (is.logical(values)) {
    ifelse(values, "true", "false")
  } else if (inherits(values, "integer64") || is.integer(values)) {
    as.character(values)
  } else {
    sprintf("%.17g", values)
  }
  told[gone] <- "null"
  paste(told, collapse = ",")
}

#' Instants to the microsecond: in UTC where they have a zone, else as a clock shows them here
triglot_time <- function(values) {
  zone <- attr(values, "tzone")[1L]
  named <- !is.null(zone) && nzchar(zone)
  micros <- round(as.numeric(values) * 1e6)
  seconds <- floor(micros / 1e6)
  clock <- format(.POSIXct(seconds, if (named) "UTC" else ""), "%Y-%m-%dT%H:%M:%S")
  paste0(clock, sprintf(".%06d", as.integer(micros - seconds * 1e6)), if (named) "Z")
}

#' Texts as JSON strings
triglot_text <- function(texts) {
  texts <- enc2utf8(texts)
  vapply(texts, function(text) as.character(jsonlite::toJSON(text, auto_unbox = TRUE)), "", USE.NAMES = FALSE)
}

triglot_parse <- function(response) {
  text <- rawToChar(response$content)
  Encoding(text) <- "UTF-8"
  tryCatch(jsonlite::fromJSON(text, simplifyVector = FALSE), error = function(broken) list())
}

#' A list of labels as a vector of their one type
triglot_labels <- function(values) if (length(values)) unlist(values) else character()

triglot_numbers <- function(result, rows) {
  if (length(result) && is.list(result[[1L]])) return(triglot_matrix(result, rows, NULL))
  found <- vapply(result, triglot_number, 0)
  if (is.null(rows)) found else stats::setNames(found, rows)
}

triglot_matrix <- function(result, rows, columns) {
  width <- if (length(result)) length(result[[1L]]) else length(columns)
  values <- vapply(result, function(row) vapply(row, triglot_number, 0), numeric(width))
  named <- if (!is.null(rows) || !is.null(columns)) list(rows, columns)
  matrix(values, length(result), width, byrow = TRUE, dimnames = named)
}

triglot_number <- function(value) if (is.null(value)) NA_real_ else as.numeric(value)

# --- HTTP -----------------------------------------------------------------------------------------------------------

triglot_ask <- function(endpoint, model, what, body) {
  path <- paste0("/models/", curl::curl_escape(enc2utf8(model)), "/", what)
  triglot_parse(triglot_fetch(endpoint, path, body))
}

#' The answer to a request, which is sent until there is one of a known status or the time is over
#'
#' Predictions change nothing: where a connection is lost, or the service says that it is too early (503), the same is
#' asked for again, after as many seconds as `Retry-After` says.
triglot_fetch <- function(endpoint, path, body = NULL, known = 200L) {
  deadline <- triglot_clock() + endpoint$timeout
  pause <- 0.1
  repeat {
    response <- triglot_once(endpoint, path, body, max(deadline - triglot_clock(), 0.1))
    if (response$status %in% known) return(response)
    wait <- max(pause, response$retry_after) * stats::runif(1L, 1, 1.25)
    if (!response$again || triglot_clock() + wait >= deadline) stop(triglot_condition(response, path))
    Sys.sleep(wait)
    pause <- min(2 * pause, 2)
  }
}

triglot_clock <- function() proc.time()[["elapsed"]]

#' One try: status, content, seconds to wait, and whether another try may fare better
triglot_once <- function(endpoint, path, body, timeout) {
  handle <- curl::new_handle(timeout_ms = ceiling(1000 * timeout), connecttimeout_ms = ceiling(1000 * min(timeout, 5)))
  headers <- c(Accept = "application/json", endpoint$headers)
  if (!is.null(body)) {
    content <- charToRaw(enc2utf8(body))
    curl::handle_setopt(handle, post = TRUE, postfieldsize = length(content), postfields = content)
    headers <- c("Content-Type" = "application/json", Expect = "", headers)
  }
  curl::handle_setheaders(handle, .list = as.list(headers))
  got <- tryCatch(
    curl::curl_fetch_memory(paste0(endpoint$url, path), handle),
    error = function(broken) conditionMessage(broken)
  )
  if (is.character(got)) {
    lasting <- grepl("certificate|resolve host|timed out after", got, ignore.case = TRUE)
    return(list(status = NA_integer_, reason = got, again = !lasting, retry_after = 0))
  }
  told <- curl::parse_headers_list(got$headers)
  retry_after <- suppressWarnings(as.numeric(told[["retry-after"]]))
  list(
    status = as.integer(got$status_code), content = got$content, again = got$status_code %in% c(429L, 502L, 503L),
    retry_after = if (length(retry_after) && !is.na(retry_after)) retry_after else 0
  )
}

#' The condition that an answer, or none, is
triglot_condition <- function(response, path) {
  if (is.na(response$status)) {
    return(triglot_error("unreachable", paste0("no answer to ", path, ": ", response$reason), NA_integer_))
  }
  told <- triglot_parse(response)
  about <- if (is.list(told$metadata)) told$metadata else told
  message <- about$error_message
  if (is.null(message)) message <- paste0("status ", response$status, ", and not in the words of the service")
  kind <- if (response$status < 500L) "refused" else "failed"
  triglot_error(kind, message, response$status, about$code, about$problems, about$request_id)
}

triglot_error <- function(kind, message, status, code = NULL, problems = NULL, request_id = NULL) {
  text <- function(name) vapply(problems, function(each) as.character(each[[name]]), "")
  rows <- vapply(problems, function(each) if (is.null(each$row)) NA_integer_ else as.integer(each$row), 1L)
  structure(
    class = c(paste0("triglot_", kind), "triglot_error", "error", "condition"),
    list(
      message = message, call = NULL, status = status, code = code, request_id = request_id,
      problems = data.frame(row = rows, field = text("field"), message = text("message"))
    )
  )
}
