using NoSuchPackageAnywhere

fit(X, y) = 1
