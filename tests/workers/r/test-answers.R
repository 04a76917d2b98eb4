levels <- c("setosa", "versicolor", "virginica")

test_that("a wrong number of answers is told, and whether rows are missing from it", {
  expect_error(as_numbers(c(1, 2), 3L), "predict gave 2 answers for 3 rows; rows with missing values may have been left")
  expect_error(as_numbers(1:4, 3L), "predict gave 4 answers for 3 rows; one answer a row is needed")
})

test_that("factors are matched by the names of their levels, whatever their order", {
  answer <- factor(c("virginica", "setosa"), levels = c("virginica", "setosa"))
  expect_identical(as_codes(answer, levels, 2L), c(2L, 0L))
})

test_that("names, codes 1..k and probabilities all become codes 0..k-1", {
  expect_identical(as_codes(c("versicolor", "setosa"), levels, 2L), c(1L, 0L))
  expect_identical(as_codes(c(3L, 1L), levels, 2L), c(2L, 0L))
  expect_identical(as_codes(matrix(c("setosa", "virginica")), levels, 2L), c(0L, 2L))
  shares <- matrix(c(0.1, 0.7, 0.9, 0.1, 0, 0.2), 2L, dimnames = list(NULL, c("virginica", "setosa", "versicolor")))
  expect_identical(as_codes(shares, levels, 2L), c(0L, 2L))
})

test_that("numbers are values where the classes are numbers, and codes 0..k-1 where y was encoded", {
  expect_identical(as_codes(c(20, 10), c("10", "20"), 2L), c(1L, 0L))
  expect_identical(as_codes(c(0, 2), levels, 2L, encoded = TRUE), c(0L, 2L))
  expect_identical(as_codes(factor(c("2", "0")), levels, 2L, encoded = TRUE), c(2L, 0L))
  expect_identical(as_codes(c(TRUE, FALSE), c("false", "true"), 2L), c(1L, 0L))
})

test_that("answers that fit no class, no row or nothing at all are refused in plain words", {
  expect_error(as_codes(c("setosa", "rose"), levels, 2L), "'rose' for row 2, which is none of the classes setosa")
  expect_error(as_codes(c(1L, 0L), levels, 2L), "answered 0 for row 2")
  expect_error(as_codes(c(1, 0), c("1", "2"), 2L), "answered 0 for row 2")
  expect_error(as_codes("setosa", levels, 2L), "1 answers for 2 rows")
  expect_error(as_codes(c("setosa", NA, NA), levels, 3L), "NA for rows 2, 3")
  expect_error(as_codes(list(1, 2), levels, 2L), "a list of 2, of which no part.*function of your own")
  expect_error(as_codes(NULL, levels, 2L), "class NULL")
})

test_that("columns of probabilities are matched by name, also by what make.names made of it", {
  odd <- c("a b", "2nd", "c")
  shares <- matrix(1:6 / 10, 2L, dimnames = list(NULL, c("c", "X2nd", "a.b")))
  expect_equal(as_probabilities(shares, odd, 2L), unname(shares[, 3:1]))
})

test_that("a class without a column has probability 0", {
  shares <- matrix(c(0.25, 0.75), 1L, dimnames = list(NULL, c("virginica", "setosa")))
  expect_equal(as_probabilities(shares, levels, 1L), matrix(c(0.75, 0, 0.25), 1L))
})

test_that("columns without names are taken in order, if there is one for each class", {
  expect_equal(as_probabilities(matrix(1:6, 2L), levels, 2L), matrix(as.double(1:6), 2L))
  expect_error(as_probabilities(matrix(1:4, 2L), levels, 2L), "2 columns without names for 3 classes")
})

test_that("one row may come without its dimensions, and a third dimension of one is dropped", {
  expect_equal(as_probabilities(c(virginica = 1, setosa = 0, versicolor = 0), levels, 1L), matrix(c(0, 0, 1), 1L))
  expect_equal(as_probabilities(array(1:6, c(2, 3, 1)), levels, 2L), matrix(as.double(1:6), 2L))
})

test_that("probabilities that cannot be told apart are refused", {
  named <- function(...) matrix(1, 1L, ...length(), dimnames = list(NULL, c(...)))
  expect_error(as_probabilities(named("setosa", "rose"), levels, 1L), "named setosa, rose; the classes are setosa")
  expect_error(as_probabilities(named("setosa", "setosa"), levels, 1L), "named setosa, setosa")
  expect_error(as_probabilities(factor("setosa"), levels, 1L), "class factor instead of a matrix")
  expect_error(as_probabilities(matrix(c(1, NA, 0, 0, 0, 0), 2L), levels, 2L), "NA for rows 2")
  expect_error(as_probabilities(matrix(1, 1L, 3L), levels, 2L), "1 answers for 2 rows")
})

test_that("a regression answers doubles, one or several a row", {
  expect_identical(as_numbers(c(a = 1L, b = 2L), 2L), c(1, 2))
  expect_identical(as_numbers(matrix(1:2), 2L), c(1, 2))
  expect_identical(as_numbers(array(1:2), 2L), c(1, 2))
  expect_equal(as_numbers(data.frame(a = 1:2, b = 3:4), 2L), matrix(c(1, 2, 3, 4), 2L))
  expect_error(as_numbers(factor(1:2), 2L), "class factor, but a regression needs numbers")
  expect_error(as_numbers(1:3, 2L), "3 answers for 2 rows")
})

test_that("of a list the part that was asked for is taken, by its usual name or as the only one that fits", {
  posterior <- matrix(1:6 / 10, 2L, dimnames = list(NULL, levels))
  answer <- list(class = factor(levels[3:2], levels), posterior = posterior, x = matrix(0, 2L, 2L))
  expect_identical(as_codes(answer, levels, 2L), c(2L, 1L))
  expect_equal(as_probabilities(answer, levels, 2L), unname(posterior))
  expect_identical(as_numbers(list(fit = c(1, 2), se.fit = c(3, 4), df = 5), 2L), c(1, 2))
  expect_identical(as_numbers(list(mine = c(1, 2), note = "good"), 2L), c(1, 2))
  expect_identical(as_codes(list(scores = c(1, 2), found = levels[2:1]), levels, 2L), c(1L, 0L))
  expect_identical(as_numbers(structure(list(predictions = 7, num.trees = 50), class = "wrapped"), 1L), 7)
  expect_error(as_numbers(list(a = c(1, 2), b = c(3, 4)), 2L), "a list of a, b, of which more than one part could be the")
})

test_that("of a data.frame classes are the one column that is no number, and probabilities the ones that are", {
  answer <- data.frame(.pred_class = levels[2:3], .pred_setosa = 0:1, .pred_versicolor = 1:0, .pred_virginica = 0)
  expect_identical(as_codes(answer, levels, 2L), c(1L, 2L))
  expect_equal(as_probabilities(answer, levels, 2L), cbind(0:1, 1:0, 0))
})

test_that("one number a row for two classes is the share of the second, or of the one that names its column", {
  classes <- c("no", "yes")
  share <- c(0.25, 1, 0.5)
  other <- c(0.75, 0, 0.5)
  of <- function(name) matrix(share, dimnames = list(NULL, name))
  expect_equal(as_probabilities(share, classes, 3L), cbind(other, share, deparse.level = 0L))
  expect_equal(as_probabilities(matrix(share), classes, 3L), cbind(other, share, deparse.level = 0L))
  expect_equal(as_probabilities(of("yes"), classes, 3L), cbind(other, share, deparse.level = 0L))
  expect_equal(as_probabilities(of("s1"), classes, 3L), cbind(other, share, deparse.level = 0L))
  expect_equal(as_probabilities(of("no"), classes, 3L), cbind(share, other, deparse.level = 0L))
  expect_equal(as_probabilities(data.frame(.pred_no = share), classes, 3L), cbind(share, other, deparse.level = 0L))
  expect_identical(as_codes(of("no"), classes, 3L), c(1L, 0L, 0L))
  expect_equal(as_probabilities(0.25, classes, 1L), matrix(c(0.75, 0.25), 1L))
  expect_equal(as_probabilities(array(share, 3L), classes, 3L), cbind(other, share, deparse.level = 0L))
})

test_that("a number that is no integer is no code, least of all a share that is exactly 1", {
  expect_error(as_codes(c(1, 0.3), c("no", "yes"), 2L), "answered the number 1 where a class is needed: integers are")
  expect_error(as_codes(data.frame(.pred = c(1, 0.3)), c("no", "yes"), 2L), "the number 1 where a class is needed")
  expect_error(as_codes(c(2, 1), levels, 2L), "one for predict_proba where these are shares")
})

test_that("names that a data.frame made of classes are read back, also where they collide", {
  odd <- c("a b", "a.b", "", "1", "X1", "if")
  shares <- matrix(1:12 / 78, 2L, dimnames = list(NULL, odd))
  expect_equal(as_probabilities(data.frame(shares), odd, 2L), unname(shares))
})

test_that("numbers are codes where several classes are the same number", {
  expect_identical(as_codes(c(2L, 1L), c("1", "1.0"), 2L), c(1L, 0L))
})
