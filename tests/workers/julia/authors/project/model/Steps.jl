# A script of a project with a package of its own, beside it, that no registry knows.
using Shades

fit(X, y) = Shades.Shade(y)

predict(shade, X) = Shades.shaded(shade, X)
