# Leaves 32 MB of garbage, which is too little for R to collect it by itself.
wasteful <- function() {
  total <- sum(numeric(4e6))
  data.frame(total = total)
}
