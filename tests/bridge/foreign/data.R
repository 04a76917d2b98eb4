# An author's functions that return data, in the shapes that authors choose, and some that are wrong.

growth <- function() list(x = datasets::ToothGrowth[c("supp", "dose")], y = datasets::ToothGrowth$len)

columns <- function() {
  x <- data.frame(
    double = c(1.5, NA, NaN),
    integer = c(1L, NA, -3L),
    flag = c(TRUE, NA, FALSE),
    text = c("gr\u00fc\u00dfe", NA, ""),
    kind = factor(c("x", NA, "y"), c("y", "x", "never")),
    rank = factor(c("low", "high", "low"), c("low", "mid", "high"), ordered = TRUE),
    stringsAsFactors = FALSE
  )
  x$latin <- c("\xe9t\xe9", "a", "b")
  Encoding(x$latin) <- "latin1"
  x[["sepal length"]] <- scale(1:3)
  x$added <- addNA(factor(c("u", NA, "u")))
  x$as_is <- I(c(1, 2, 3))
  list(y = factor(c("no", "yes", "no"), c("yes", "no")), x = x)
}

whole <- function() data.frame(a = 1:2, b = 3:4)
plain_matrix <- function() matrix(c(1, 2, 3, 4, 5, 6), 3)
named_matrix <- function(base = 1L) list(matrix(base + 0:3, 2, dimnames = list(c("r1", "r2"), c("a", "b"))), c("b", "a"))
nothing <- function() list(data.frame(a = numeric(), t = character(), k = factor(character(), c("x", "z"))), numeric())
whole_numbers <- function() list(data.frame(a = c(1, 2)), c(3L, 7L))
talkative <- function() {
  cat("reading the sheep\n")
  warning("one sheep is missing")
  data.frame(a = 1)
}

spoken <- function() {
  talkative()
  columns()
}

a_number <- function() 42
a_model <- function() list(lm(dist ~ speed, datasets::cars), 1:3)
three <- function() list(1, 2, 3)
a_list <- function() list(x = list(a = 1), y = 1)
moments <- function() {
  x <- data.frame(day = as.Date(c("2026-01-31", NA, "1969-07-20")))
  x$there <- as.POSIXct(c("2026-07-01 12:30:00.25", NA, "1969-07-20 21:17:40"), tz = "Europe/Berlin")
  x
}
durations <- function() data.frame(a = 1, took = as.difftime(1, units = "mins"))
version_target <- function() list(data.frame(a = 1), getRversion())
complex_numbers <- function() data.frame(z = 1i)
nested <- function() data.frame(a = 1:2, deep = I(matrix(1:4, 2)))
short <- function() list(data.frame(a = 1:3), 1:2)
doubled <- function() data.frame(a = 1, a = 2, check.names = FALSE)
unnamed <- function() stats::setNames(data.frame(1, 2), c("a", ""))
not_utf8 <- function() data.frame(t = c("fine", "\xff\xfe"), stringsAsFactors = FALSE)
empty <- function() data.frame()
failing <- function() stop("the database is down")
missing_target <- function() list(data.frame(a = 1:2), factor(c("x", NA)))
