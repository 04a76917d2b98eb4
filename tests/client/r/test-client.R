orders <- data.frame(
  amount = c(1 / 3, NA),
  count = c(2^53, NA),
  size = factor(c("large", NA), c("small", "medium", "large")),
  paid = c(TRUE, NA),
  note = c("gr\u00fcn", NA),
  day = as.Date(c("2026-01-31", NA)),
  at = as.POSIXct(c("2026-07-01 12:30:00.25", NA), tz = "Europe/Berlin"),
  seconds = c(0, NA),
  stringsAsFactors = FALSE
)
seen <- c(1 / 3, 2^23, 0, 2, 1, 4, 20484, 1782901800.25)
classes <- c("no", "perhaps", "yes")
judge <- triglot_endpoint(url, model = "judge", timeout = 120)

failed <- function(call) tryCatch(call, triglot_error = identity)

test_that("classes are a factor with all levels in their order", {
  expect_identical(predict(judge, orders), factor(c("yes", "no"), classes))
  expect_identical(predict(judge, orders[1L, ], type = "class"), factor("yes", classes))
  expect_identical(predict(judge, orders[0L, ]), factor(character(), classes))
})

test_that("probabilities are a matrix with a column a class", {
  prob <- predict(judge, orders, type = "prob")
  expect_identical(dim(prob), c(2L, 3L))
  expect_identical(colnames(prob), classes)
  expect_identical(unname(prob[2L, ]), rep(1 / 3, 3L))
  expect_identical(dim(predict(judge, orders[0L, ], type = "prob")), c(0L, 3L))
})

test_that("answers of any kind are a list of them", {
  found <- predict(triglot_endpoint(url, model = "tells"), orders)
  expect_identical(found[[1L]]$size, "large")
  expect_identical(unlist(found[[1L]]$letters), c("l", "a", "r", "g", "e"))
  expect_identical(found[[2L]], "no size")
  named <- orders
  rownames(named) <- c("first", "second")
  expect_identical(names(predict(triglot_endpoint(url, model = "tells"), named)), c("first", "second"))
})

test_that("every kind of value reaches the model, and NA is what is missing", {
  found <- predict(triglot_endpoint(url, model = "seen"), orders)
  expect_identical(found[1L, ], seen)
  expect_true(all(is.na(found[2L, ])))
})

test_that("text may be a factor or not, whole numbers integers, and instants lists of their parts", {
  other <- transform(orders, size = as.character(size), note = factor(note), count = c(7L, NA))
  other$at <- as.POSIXlt(orders$at)
  found <- predict(triglot_endpoint(url), other, model = "seen")
  expect_identical(found[1L, ], replace(seen, 2:3, c(0, 7)))
})

test_that("instants without a zone are what a clock shows here", {
  withr::local_envvar(TZ = "Europe/Berlin")
  clock <- transform(orders, at = as.POSIXct(c("2026-07-01 12:30:00.25", NA)))
  expect_identical(predict(triglot_endpoint(url, model = "seen"), clock)[1L, 8L], seen[[8L]])
})

test_that("numbers are the same to the last bit", {
  amounts <- c(1 / 3, 1e-300, 5e-324, .Machine$double.xmax, 0.1 + 0.2, pi, -1e15 - 0.5)
  many <- data.frame(orders[rep(1L, length(amounts)), -1L], amount = amounts, row.names = NULL)
  expect_identical(predict(triglot_endpoint(url, model = "echo"), many), amounts)
})

test_that("row names of text are those of the answers", {
  row.names(orders) <- c("first", "second")
  expect_identical(names(predict(judge, orders)), c("first", "second"))
  expect_identical(rownames(predict(judge, orders, type = "prob")), c("first", "second"))
})

test_that("a regression has no classes and no probabilities", {
  echo <- triglot_endpoint(url, model = "echo")
  expect_error(predict(echo, orders, type = "class"), "no classifier")
  expect_error(predict(echo, orders, type = "prob"), "no classifier", class = "triglot_refused")
})

test_that("what the service refuses is named by field and row", {
  wrong <- transform(orders, paid = "perhaps", note = NULL)
  refused <- failed(predict(triglot_endpoint(url, "seen", c("X-Request-Id" = "of-this-test")), wrong))
  expect_s3_class(refused, "triglot_refused")
  expect_identical(refused$status, 400L)
  expect_identical(refused$code, "bad-request")
  expect_identical(refused$request_id, "of-this-test")
  expect_setequal(refused$problems$field, c("paid", "note"))
  expect_identical(refused$problems$row[refused$problems$field == "paid"], 0:1)
  expect_match(conditionMessage(refused), "field 'note': is missing")
})

test_that("a model that is not there is refused, and one of several must be named", {
  expect_error(predict(triglot_endpoint(url, model = "no such"), orders), "no such", class = "triglot_refused")
  expect_error(predict(triglot_endpoint(url), orders), "echo, judge, seen")
  found <- triglot_models(judge)
  expect_identical(found$model, c("echo", "judge", "seen", "tells"))
  expect_identical(found$version, rep(1L, 4L))
  expect_identical(found$language, rep("python", 4L))
})

test_that("nobody answers, and the call ends with its time", {
  nobody <- triglot_endpoint("http://127.0.0.1:1", "x", timeout = 0.5)
  expect_error(predict(nobody, orders), class = "triglot_unreachable")
  slow <- transform(orders, seconds = 2)
  expect_error(predict(triglot_endpoint(url, "echo", timeout = 0.5), slow), class = "triglot_unreachable")
})

test_that("what cannot be sent is named before it is sent", {
  expect_error(predict(judge, transform(orders, amount = Inf)), "column 'amount' has an infinite number")
  expect_error(predict(judge, transform(orders, at = at - at[[1L]])), "column 'at' is of class difftime")
  expect_error(predict(judge, list(1)), "newdata must be a data.frame")
  expect_error(predict(judge, matrix(1)), "with column names")
  expect_error(triglot_endpoint("127.0.0.1"), "url must be an address")
  expect_error(triglot_endpoint(url, headers = "secret"), "headers must be named")
})

test_that("an endpoint shows whom it asks, and no secrets", {
  shown <- capture.output(print(triglot_endpoint("http://host:8000/", "iris", c(Authorization = "Bearer secret"))))
  expect_identical(shown, "Triglot at http://host:8000, model iris")
})
