# Rscript plumber_version.R: writes the version of plumber; fails where a package that plumber.R needs is missing.

for (package in c("plumber", "randomForest")) {
  if (!requireNamespace(package, quietly = TRUE)) {
    message("R has no package ", package, ": install what Debian calls r-cran-", tolower(package))
    quit(status = 1)
  }
}
cat(as.character(packageVersion("plumber")))
