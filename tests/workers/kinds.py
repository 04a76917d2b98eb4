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
        *("paths", "filters", "logs", "handlers", "print_options", "recursion", "collector", "time_zone", "seeds"),
        "sockets",
    ),
    "r": (
        *("options", "environ", "locale", "attached", "globals", "folder", "libraries", "seed", "s4", "masks"),
        *("packages", "generator", "digits", "time_zone", "errors", "contrasts", "operators"),
    ),
    "julia": (
        *("seed", "own_names", "environ", "folder", "load_path", "logger", "threads", "depot", "at_exit", "own_types"),
        *("task", "macros", "evaluates", "draws", "prints", "libraries"),
    ),
}
