# The author's forest behind plumber. A matrix is what predict() is quickest with.

library(randomForest)

forest <- readRDS(file.path(Sys.getenv("BENCH_MODELS"), "forest.rds"))
columns <- c("sepal length", "sepal width", "petal length", "petal width")

#* The class of one row of the query string
#* @get /predict
#* @serializer unboxedJSON
function(req) {
  row <- matrix(as.numeric(req$argsQuery[columns]), nrow = 1, dimnames = list(NULL, columns))
  list(result = as.character(predict(forest, row)))
}

#* The classes of a list of rows
#* @post /predict
#* @serializer json
function(req) {
  rows <- req$body
  colnames(rows) <- columns
  list(result = as.character(predict(forest, rows)))
}
