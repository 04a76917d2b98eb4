# Leaves 48 MB of garbage, which R does not collect by itself: it has just done so, and has had more in use before.
wasteful <- function() {
  more <- rep(1, 2e7)
  rm(more)
  gc()
  total <- sum(rep(1, 6e6))
  data.frame(total = total)
}
