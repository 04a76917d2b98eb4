# Rscript bare_scale.R SCALE.R MODEL LEARNED DOUBLES ANSWERS PIECE FIRST STEP: fits a model on the CSV file LEARNED, and
# answers every STEP-th piece of a file of doubles from the FIRST on. A piece has PIECE rows, column by column.
arguments <- commandArgs(trailingOnly = TRUE)
source(arguments[1])
learned <- read.csv(arguments[3])
columns <- setdiff(names(learned), "y")
if (arguments[2] == "r-lm") {
  fitted <- linear(learned[columns], learned$y)
  answers_of <- function(rows) predict(fitted, rows)
} else {
  fitted <- forest(learned[columns], learned$y)
  answers_of <- function(rows) forest_answers(fitted, rows)
}

piece <- as.integer(arguments[6])
total <- file.size(arguments[4]) / 8 / length(columns)
source_file <- file(arguments[4], "rb")
answer_file <- file(arguments[5], "wb")
pieces <- ceiling(total / piece)
for (number in Filter(function(i) i %% as.integer(arguments[8]) == as.integer(arguments[7]), seq_len(pieces) - 1)) {
  start <- number * piece
  count <- min(piece, total - start)
  seek(source_file, start * length(columns) * 8)
  values <- readBin(source_file, "double", n = count * length(columns))
  rows <- as.data.frame(matrix(values, ncol = length(columns), dimnames = list(NULL, columns)))
  writeBin(unname(answers_of(rows)), answer_file)
}
close(source_file)
close(answer_file)
