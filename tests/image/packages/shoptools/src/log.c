#include <Rinternals.h>
#include <math.h>

SEXP shoptools_log(SEXP x)
{
    R_xlen_t n = XLENGTH(x);
    SEXP out = PROTECT(allocVector(REALSXP, n));
    for (R_xlen_t i = 0; i < n; i++) REAL(out)[i] = log(REAL(x)[i]);
    UNPROTECT(1);
    return out;
}
