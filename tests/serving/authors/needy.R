# A model that answers 2, and does not load while the file that NEEDY names says how.
trouble <- function() {
  file <- Sys.getenv("NEEDY", "/nowhere")
  if (file.exists(file)) readLines(file, warn = FALSE) else ""
}

fit <- function(x, y) structure(list(), class = "needy")

predict.needy <- function(object, newdata, ...) {
  rep(if (trouble() == "wrong") 3 else 2, nrow(newdata))
}

dump_model <- function(model) serialize(model, NULL)

load_model <- function(bytes) {
  how <- trouble()
  if (how == "lacks") library("aPackageThatIsNotHere", character.only = TRUE)
  if (how == "path") stop("cannot open file '/srv/secret/place/rates.csv'")
  if (how == "ends") tools::pskill(Sys.getpid(), tools::SIGKILL)
  while (how == "hangs") Sys.sleep(0.1)
  unserialize(bytes)
}
