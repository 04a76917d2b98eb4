#!/usr/bin/env bash
# predict() of MASS's glmmPQL: a row that lacks a value changes the answers of other rows, without a word.
#
# Versions: MASS 7.3-58.2 and nlme 3.1-162, as Debian 12 has them, on its R 4.2.2.
# Behaviour: predict(model, newdata, type = "response") of a mixed model with one grouping factor. newdata has three rows
#   of MASS's own data `bacteria`; in the second one `week` is NA. One answer a row comes back, under the rows' names and
#   without NA, a warning or an error; those from the gap on are of no row.
# Seen: without the gap 0.974 0.856 0.931, with it 0.974 0.203 0.395: the third row, which is whole, has another answer.
#   Whoever asks for the rows of several callers together gives one the answer that another's gap has changed.
#
# Exits with 0 while this is so, with 1 once it has changed.
set -euo pipefail

work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C.UTF-8
chmod 755 "$work" # apt's own user reads there
(cd "$work" && apt-get download --quiet --quiet r-cran-mass=7.3-58.2-1 r-cran-nlme=3.1.162-1)
for package in "$work"/*.deb; do
    dpkg-deb --extract "$package" "$work"
done

R_LIBS="$work/usr/lib/R/library" Rscript - <<'R'
library(MASS)
cat("R", as.character(getRversion()), "MASS", as.character(packageVersion("MASS")), "nlme",
    as.character(packageVersion("nlme")), "\n")
model <- glmmPQL(y ~ trt + week, random = ~ 1 | ID, family = binomial, data = bacteria, verbose = FALSE)
rows <- bacteria[c(1, 60, 90), ]
whole <- as.vector(predict(model, rows, type = "response"))
rows$week[2] <- NA
gap <- as.vector(predict(model, rows, type = "response"))
cat("without the gap:", format(whole, digits = 3), "\nwith it:        ", format(gap, digits = 3), "\n")
quit(status = if (length(gap) == 3 && !anyNA(gap) && abs(gap[3] - whole[3]) > 0.1) 0 else 1)
R
