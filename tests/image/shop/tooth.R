library(shoptools)

fit <- function(x, y) {
  data <- cbind(x, len = y)
  lm(len ~ supp * log_dose(dose), data = data)
}
