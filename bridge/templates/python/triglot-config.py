{
    "model_name": "@NAME@",
    "dataset_loader_train": {
        "!": "triglot.dataset.CSV",
        "path": here + "/train.csv",
        "target_column": "grade",
    },
    "dataset_loader_test": {"__copy__": "dataset_loader_train", "path": here + "/test.csv"},
    "model": {"!": "model.pipeline", "degree": 2},  # any estimator of scikit-learn, by its dotted name
}
