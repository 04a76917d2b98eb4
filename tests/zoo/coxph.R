library(survival)

fit <- function(x, y) coxph(Surv(y, status == 2) ~ age + sex, data = x)
