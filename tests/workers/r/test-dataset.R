data_of <- function(text, params = list()) read_dataset(author(text)[[1]], "dataset", params)
told <- function(...) data_of(c("dataset <- function(...) {", ..., "}"))
failure <- function(...) told(...)[[3]][[1]]

test_that("x and y come by name or by place, and a data.frame or a matrix may come alone", {
  expected <- list(c("a", "b"), list(1:2, c("u", "v")), c(0.5, 1))
  frame <- "x <- data.frame(a = 1:2, b = c('u', 'v'), stringsAsFactors = FALSE)"
  expect_identical(told(frame, "list(y = c(0.5, 1), x = x)")[[1]], expected)
  expect_identical(told(frame, "list(x, c(0.5, 1))")[[1]], expected)
  expect_identical(told(frame, "x")[[1]], list(expected[[1]], expected[[2]], NULL))
  expect_identical(told(frame, "list(x, NULL)")[[1]][[3]], NULL)
  expect_identical(told("list(matrix(1:4, 2), data.frame(t = 3:4))")[[1]], list(c("V1", "V2"), list(1:2, 3:4), 3:4))
})

test_that("parameters are named arguments", {
  expect_identical(data_of("dataset <- function(n) data.frame(a = seq_len(n))", list(n = 3L))[[1]][[2]], list(1:3))
})

test_that("factors keep levels and order, and a level of what is missing goes", {
  columns <- told(
    "x <- data.frame(rank = factor(c('lo', 'hi'), c('lo', 'mid', 'hi'), ordered = TRUE))",
    "x$added <- addNA(factor(c('u', NA)))",
    "x"
  )[[1]][[2]]
  expect_identical(columns[[1]], factor(c("lo", "hi"), c("lo", "mid", "hi"), ordered = TRUE))
  expect_identical(columns[[2]], factor(c("u", NA)))
})

test_that("attributes that are no type go", {
  columns <- told("x <- data.frame(a = I(c(u = 1, v = 2)))", "x$b <- scale(c(1, 2))", "x")[[1]][[2]]
  expect_identical(columns[[1]], c(1, 2))
  expect_null(attributes(columns[[2]]))
})

test_that("text is UTF-8, whatever it was declared as", {
  column <- told("t <- '\\xe9'", "Encoding(t) <- 'latin1'", "data.frame(t = t, stringsAsFactors = FALSE)")[[1]][[2]][[1]]
  expect_identical(charToRaw(column), as.raw(c(0xc3, 0xa9)))
  expect_match(failure("data.frame(t = '\\xff\\xfe', stringsAsFactors = FALSE)"), "column 't' holds text that is not UTF-8")
})

test_that("what cannot be meant names the function, the column and the remedy", {
  expect_match(failure("42"), "^dataset\\(\\): returned a double vector of length 1; return list\\(x, y\\)")
  expect_match(failure("NULL"), "returned NULL; return list")
  expect_match(failure("data.frame"), "returned a function; return list")
  expect_match(failure("list(1:3, 1:3)"), "x is an integer vector of length 3; make it a data.frame")
  expect_match(failure("data.frame(a = as.difftime(1, units = 'mins'))"), "column 'a' is of class difftime, .* as.numeric\\(\\)")
  expect_match(failure("list(data.frame(a = 1:2), 1:3)"), "y has 3 values for the 2 rows of x")
  expect_match(failure("data.frame(a = 1, a = 1, check.names = FALSE)"), "several columns 'a'")
  expect_match(failure("matrix(list(1, 2), 1, dimnames = list(NULL, c('a', 'b')))"), "column 'a' is a list of length 1")
})

test_that("days and instants keep what they are, in the zone that shows them", {
  columns <- told(
    "x <- data.frame(day = as.Date(c('2026-01-31', NA)))",
    "x$there <- as.POSIXct(c('2026-07-01 12:30:00.25', NA), tz = 'Europe/Berlin')",
    "x$here <- as.POSIXct('2026-07-01')",
    "x$listed <- I(as.POSIXlt('2026-07-01', tz = 'UTC'))",
    "x"
  )[[1]][[2]]
  expect_identical(columns[[1]], as.Date(c("2026-01-31", NA)))
  expect_identical(columns[[2]], as.POSIXct(c("2026-07-01 12:30:00.25", NA), tz = "Europe/Berlin"))
  expect_true(attr(columns[[3]], "tzone") %in% OlsonNames())
  expect_identical(attr(columns[[4]], "tzone"), "UTC")
})

transformed <- function(text, x = NULL, params = list(), offered = list()) {
  transform_table(author(text)[[1]], "change", x, params, offered)
}

test_that("a function gets a table and gives another one", {
  x <- data.frame(n = 1:2, s = factor(c("u", "v")))
  made <- transformed("change <- function(x, by) { x$n <- x$n * by; x }", x, list(by = 3L))
  expect_identical(made[[1]], list(c("n", "s"), list(c(3L, 6L), factor(c("u", "v"))), NULL))
  expect_identical(transformed("change <- function(n) data.frame(n = seq_len(n))", NULL, list(n = 1L))[[1]][[2]], list(1L))
})

test_that("of what is offered a function gets what it has arguments for, and before its own parameters", {
  offered <- list(by = 5, strange = 1, x = 7)
  by <- function(...) transformed(..., offered = offered)[[1]][[2]][[1]]
  x <- data.frame(n = 1)
  expect_identical(by("change <- function(x, by = 2) data.frame(n = x$n * by)", x, list(by = 3)), 5)
  expect_identical(by("change <- function(x) x", x), 1)
  expect_identical(by("change <- function(x, ...) data.frame(n = length(list(...)))", x, list(other = 1)), 4L)
  expect_identical(by("change <- function(x) data.frame(n = x)"), 7)
})

test_that("what is no table is refused", {
  refused <- function(text) transformed(text, data.frame(n = 1))[[3]][[1]]
  expect_match(refused("change <- function(x) 42"), "^change\\(\\): returned a double vector of length 1; return a data.frame")
  expect_match(refused("change <- function(x) list(x, 1)"), "return a data.frame")
  expect_match(refused("change <- function(x) stop('no such colour')"), "no such colour")
})
