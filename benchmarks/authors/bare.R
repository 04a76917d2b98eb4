# Rscript bare.R BULK.R FIT IRIS ROWS TIMES: fits a model on the flowers of IRIS, and prints how many seconds predict()
# takes for the rows of a file of doubles, column by column, each time.
arguments <- commandArgs(trailingOnly = TRUE)
source(arguments[1])
flowers <- read.csv(arguments[3], header = FALSE, stringsAsFactors = TRUE)
names(flowers) <- c("sepal length", "sepal width", "petal length", "petal width", "species")
fitted <- match.fun(arguments[2])(flowers[1:4], flowers$species)
values <- readBin(arguments[4], "double", n = file.size(arguments[4]) / 8)
rows <- as.data.frame(matrix(values, ncol = 4, dimnames = list(NULL, names(flowers)[1:4])))
for (i in seq_len(as.integer(arguments[5]))) {
  took <- system.time(answer <- predict(fitted, rows))[["elapsed"]]
  cat(took, "\n")
}
