"""The neighbours of `neighbours/`, by what becomes of them in a worker."""

# What a worker cannot undo: a witness beside it would answer otherwise, so that one of the two is refused.
REFUSED = {
    "python": ("patches_numpy", "patches_statistics", "patches_zlib"),
    "r": ("s3_method", "namespace", "traced"),
    "julia": ("base_method", "package_method", "package_global", "precision"),
}
# What each model has for itself, or what touches no other.
KEPT = {
    "python": (
        *("pandas_options", "numpy_errors", "sklearn_config", "environment", "folder", "locales", "decimals"),
        *("paths", "filters", "logs", "handlers"),
    ),
    "r": ("options", "environ", "locale", "attached", "globals", "folder", "libraries", "seed", "s4"),
    "julia": ("seed", "own_names", "environ", "folder", "load_path"),
}
