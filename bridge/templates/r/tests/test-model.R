# Rscript -e 'testthat::test_dir("tests")': the model as R people test it, without Triglot.
source("../model.R")

train <- read.csv("../train.csv", stringsAsFactors = TRUE)
test <- read.csv("../test.csv", stringsAsFactors = TRUE)
columns <- setdiff(names(train), "grade")
model <- fit(train[columns], train$grade)

test_that("most of the beans that it never saw are graded right", {
  share <- predict(model, test[columns], type = "response")
  graded <- levels(train$grade)[1L + (share > 0.5)]
  expect_gt(mean(graded == test$grade), 0.8)
})

test_that("a row is answered as it is among others", {
  all <- predict(model, test[columns])
  expect_equal(predict(model, test[3L, columns]), all[3L])
})
