# Two classes and three, and what is expected of a model of theirs: what it answers at home, one row and several.
three <- iris
names(three)[[1]] <- "Sepal Length"
two <- droplevels(three[three$Species != "setosa", ])

expect_answers <- function(model, data, classes, shares, env = author("nothing <- NULL")[[1]]) {
  force(model) # with the random numbers of its test, before a script has its own
  levels <- levels(data$Species)
  answers <- new_predictor(model, env, levels, FALSE, c("", ""))
  for (rows in list(c(1, 60, 90), 60)) {
    x <- data[rows, 1:4]
    found <- answers[[1]](x)
    expect_null(found[[3]])
    expect_identical(levels[found[[1]] + 1L], as.character(classes(model, x)))
    if (!is.null(shares)) {
      found <- answers[[2]](x)
      expect_null(found[[3]])
      expected <- matrix(shares(model, x), nrow(x))
      expect_equal(unname(found[[1]]), expected, tolerance = 1e-12)
    }
  }
}

#' A script that attaches a package, in whose world a test goes on
using <- function(package, envir = parent.frame()) {
  skip_if_not_installed(package)
  author(sprintf("suppressPackageStartupMessages(library(%s))", package), envir)[[1]]
}
