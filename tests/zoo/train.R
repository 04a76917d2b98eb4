library(caret)

fit <- function(x, y) train(x, y, method = "knn", trControl = trainControl(method = "cv", number = 3))
