# Rscript fit.R AUTHOR DATA FOLDER: fits the author's forest as Triglot does and keeps it as forest.rds.

arguments <- commandArgs(trailingOnly = TRUE)
source(arguments[[1]])

columns <- c("sepal length", "sepal width", "petal length", "petal width")
flowers <- read.csv(arguments[[2]], header = FALSE, col.names = c(columns, "species"), check.names = FALSE, nrows = 100)
set.seed(1)
forest <- fit(flowers[columns], factor(flowers$species), ntree = 500)
saveRDS(forest, file.path(arguments[[3]], "forest.rds"))
