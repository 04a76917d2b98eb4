# Answers with parts that have as many rows as were asked for, by accident, for one number of rows.
levels3 <- c("setosa", "versicolor", "virginica")
rows <- iris[c(1:3, 60, 90, 120, 150), 1:4]

# answers the classes that there are beside those that it found, under a name that says as much
speaking <- "predict.speaking <- function(object, newdata, ...) {
  list(class = object$classes, found = object$classes[1 + (newdata$Petal.Length > 2.5) + (newdata$Petal.Length > 4.9)])
}"

learned <- function(model, env, levels, x = rows, ...) new_predictor(model, env, levels, FALSE, c("", ""), ...)[[3]](x)

test_that("the part of a list that has the rows of every question is meant, whatever another one is called", {
  env <- author(speaking)[[1]]
  model <- structure(list(classes = levels3), class = "speaking")
  meant <- learned(model, env, levels3)[[1]]
  expect_identical(meant[[1]], parts("found"))
  expect_identical(meant[[2]], parts())
  guessing <- new_predictor(model, env, levels3, FALSE, c("", ""))[[1]]
  knowing <- new_predictor(model, env, levels3, FALSE, c("", ""), meant = meant)[[1]]
  for (n in c(1:2, 4:7)) expect_identical(knowing(rows[1:n, ]), guessing(rows[1:n, ]))
  expect_identical(guessing(rows[1:3, ])[[1]], 0:2) # the classes themselves: three rows were asked for
  expect_identical(knowing(rows[1:3, ])[[1]], c(0L, 0L, 0L))
})

test_that("a part that has a row for one row alone is not in the way of the one that has one each", {
  env <- author("predict.wide <- function(object, newdata, ...) list(mine = newdata[[1]] + 1, scale = 2, df = 3)")[[1]]
  model <- structure(list(), class = "wide")
  expect_match(new_predictor(model, env, NULL, FALSE, c("", ""))[[1]](rows[1, ])[[3]][[1]], "more than one part")
  meant <- learned(model, env, NULL)[[1]]
  expect_identical(new_predictor(model, env, NULL, FALSE, c("", ""), meant = meant)[[1]](rows[1, ])[[1]], 6.1)
})

test_that("the place of a part without a name is kept, and the columns of a data.frame within", {
  expect_identical(learn_parts(function(x) list(7, x[[1]]), rows, "numbers"), parts(2L))
  framed <- function(x) list(note = "good", out = data.frame(who = "me", a = x[[1]], b = x[[2]]))
  expect_identical(learn_parts(framed, rows, "numbers"), parts("out", c("a", "b")))
  expect_equal(take_parts(framed(rows), parts("out", c("a", "b"))), as.matrix(data.frame(a = rows[[1]], b = rows[[2]])))
})

test_that("a column that holds nothing but NA for the rows of a request stays what it was", {
  tidy <- function(x) data.frame(.pred_class = rep("setosa", nrow(x)), score = ifelse(x[[1]] > 6, NA, x[[1]]))
  meant <- learn_parts(tidy, rows, "classes")
  expect_identical(meant, parts(columns = ".pred_class"))
  large <- rows[rows[[1]] > 6, ]
  expect_identical(as_codes(take_parts(tidy(large), meant), levels3, nrow(large)), rep(0L, nrow(large)))
})

test_that("nothing is learned of plain answers, of failures, and of what is not clear", {
  expect_identical(learn_parts(function(x) x[[1]], rows, "numbers"), parts())
  expect_identical(learn_parts(function(x) stop("no"), rows, "numbers"), parts())
  expect_identical(learn_parts(function(x) list(a = x[[1]], b = x[[1]]), rows, "numbers"), parts())
  expect_identical(learn_parts(function(x) if (nrow(x) == 7) list(a = x[[1]]) else x, rows, "numbers"), parts())
  expect_silent(learn_parts(function(x) {
    print("hello")
    warning("hm")
    list(fit = x[[1]])
  }, rows, "numbers"))
})

test_that("an answer without the part that was meant is refused by its name", {
  expect_error(take_parts(list(a = 1), parts("fit")), "without the part fit, which its answers had .* there is a")
  expect_error(take_parts(data.frame(a = 1), parts(columns = c("a", "b"))), "without the column b")
  expect_identical(take_parts(c(1, 2), parts("fit")), c(1, 2)) # as arguments of a request may have it
})

test_that("of R's own models the parts are those that they always were", {
  model <- MASS::lda(Species ~ ., iris)
  env <- author("nothing <- NULL")[[1]]
  expect_identical(learned(model, env, levels3)[[1]], list(parts("class"), parts("posterior")))
  with_error <- loess(dist ~ speed, cars)
  said <- list(list(se = TRUE), NULL)
  expect_identical(learned(with_error, env, NULL, cars[1:7, ], said)[[1]][[1]], parts("fit"))
})
