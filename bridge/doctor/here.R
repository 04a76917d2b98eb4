# Prints where R stands and its version, then the version of each package that is named and installed:
# lines of a name, a tab and a value.

#' The version of an installed package, as its description writes it
#'
#' @param name A package's name.
#' @return The version, or NA where the package is not installed.
installed_version <- function(name) {
  as.character(suppressWarnings(utils::packageDescription(name, fields = "Version")))
}

packages <- commandArgs(trailingOnly = TRUE)
versions <- vapply(packages, installed_version, "")
found <- c("(home)" = R.home(), "(language)" = as.character(getRversion()), versions)
found <- found[!is.na(found)]
cat(sprintf("%s\t%s\n", names(found), found), sep = "")
