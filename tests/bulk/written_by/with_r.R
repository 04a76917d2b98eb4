#' Write the rows of `ROWS` as R writes them; run by hand, where jsonlite is installed:
#'
#'     Rscript tests/bulk/written_by/with_r.R
#'
#' What stands here was written by R 4.2.2 and jsonlite 1.8.4.

arguments <- commandArgs(trailingOnly = FALSE)
here <- dirname(sub("^--file=", "", grep("^--file=", arguments, value = TRUE)))
file_of <- function(name) file.path(here, name)

rows <- data.frame(
  f = c(1.5, NA),
  g = c(0.25, 0.25),
  i = c(3L, NA),
  j = c(-4L, -4L),
  b = c(TRUE, NA),
  s = c("gr\u00fcn", NA),
  c = factor(c("high", NA), levels = c("low", "high")),
  d = as.Date(c("2026-01-31", NA)),
  z = as.POSIXct(c("2026-07-01 12:30:00", NA), tz = "Europe/Berlin"),
  w = as.POSIXct(c("2026-07-01 12:30:00", NA), tz = "UTC")
)

write.csv(rows, file_of("r-row-names.csv"), fileEncoding = "UTF-8")
write.csv(rows, file_of("r.csv"), row.names = FALSE, na = "", fileEncoding = "UTF-8")
write.csv(rows[c("f", "g", "c", "b")], file_of("r-na.csv"), row.names = FALSE)
write.csv2(rows, file_of("r-csv2.csv"), row.names = FALSE, na = "", fileEncoding = "UTF-8")
write.csv2(rows, file_of("r-all-csv2.csv"), fileEncoding = "UTF-8")
write.table(rows, file_of("r-table.csv"), sep = ",", fileEncoding = "UTF-8")

write_json <- function(table, path, ...) {
  connection <- file(file_of(path), "w", encoding = "UTF-8")
  on.exit(close(connection))
  writeLines(jsonlite::toJSON(table, ...), connection)
}
write_json(rows, "r.json")
write_json(rows, "r-null.json", na = "null")
write_json(rows, "r-columns.json", dataframe = "columns")
write_json(rows, "r-columns-null.json", dataframe = "columns", na = "null")

named <- rows
row.names(named) <- c("one", "two")
write_json(named, "r-named.json", na = "null")
