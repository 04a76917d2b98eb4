{
    "model_name": "@NAME@",
    "dataset_loader_train": {
        "!": "triglot.dataset.CSV",
        "path": here + "/train.csv",
        "target_column": "grade",
    },
    "dataset_loader_test": {"__copy__": "dataset_loader_train", "path": here + "/test.csv"},
    "model": {
        "!": "triglot.estimators.RClassifier",  # RRegressor for numbers
        "script": here + "/model.R",
        "params": {"degree": 2},
        "seed": 1,
    },
}
