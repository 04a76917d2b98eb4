# Rscript bare_scopes.R SCALE.R DATA: fits a model to each shop of the CSV file DATA, and prints how many seconds that took
# without the reading.
arguments <- commandArgs(trailingOnly = TRUE)
source(arguments[1])
data <- read.csv(arguments[2])
columns <- setdiff(names(data), c("y", "shop"))
invisible(slow(data[1:100, columns], data$y[1:100])) # so that packages are loaded
shops <- split(data, data$shop)
took <- system.time(for (shop in shops) slow(shop[columns], shop$y))
cat(took[["elapsed"]], "\n")
