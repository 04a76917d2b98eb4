# Length of odontoblasts in guinea pigs by dose of vitamin C, given as orange juice or as ascorbic acid.
fit <- function(x, y) {
  data <- cbind(x, len = y)
  lm(len ~ supp * log(dose), data = data)
}
