#' The logarithm of a dose, by C.
log_dose <- function(dose) .Call(shoptools_log, as.double(dose))
