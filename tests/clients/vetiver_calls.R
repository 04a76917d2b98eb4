# What a client in R gets that sends what vetiver's predict() sends and reads what it reads: a POST of jsonlite's default
# for a data frame, with NA as text and without a content type. `Rscript vetiver_calls.R URL` prints it as JSON.

url <- commandArgs(trailingOnly = TRUE)[[1]]

ask <- function(model, newdata, ..., what = "predict") {
  body <- jsonlite::toJSON(newdata, na = "string")
  answer <- httr::POST(paste(url, "vetiver", model, what, sep = "/"), ..., body = body)
  read <- jsonlite::fromJSON(httr::content(answer, "text", encoding = "UTF-8"))
  if (httr::status_code(answer) >= 300) read$message else as.data.frame(read)
}

flowers <- data.frame(
  `sepal length` = c(5.1, 6.3), `sepal width` = c(3.5, 2.5),
  `petal length` = c(1.4, 4.9), `petal width` = c(0.2, 1.5),
  check.names = FALSE
)
named <- flowers
rownames(named) <- c("Mazda RX4", "Datsun 710")
gap <- flowers
gap[1, "sepal width"] <- NA
teeth <- data.frame(supp = factor(c("VC", "OJ")), dose = c(0.5, 1))

told <- list(
  frame = ask("iris-python", flowers),
  one_row = ask("iris-python", flowers[1, ]),
  named_rows = ask("iris-r", named),
  other_column = ask("iris-python", transform(flowers, mood = "good", check.names = FALSE)),
  no_rows = nrow(ask("iris-python", flowers[0, ])),
  probabilities = names(ask("iris-python", flowers, what = "predict_proba")),
  factor = ask("tooth-r", teeth),
  basic = ask("iris-python", flowers, httr::authenticate("u", "p")),
  key = ask("iris-python", flowers, httr::add_headers(Authorization = "Key abc")),
  json = ask("iris-python", flowers, httr::content_type_json()),
  missing_column = ask("iris-python", flowers[-1]),
  gap = ask("iris-python", gap),
  level = ask("tooth-r", transform(teeth, supp = "water")),
  unknown = ask("rose", flowers)
)
cat(jsonlite::toJSON(told, dataframe = "columns", auto_unbox = TRUE, digits = NA))
