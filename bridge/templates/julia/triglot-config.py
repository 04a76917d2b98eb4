{
    "model_name": "@NAME@",
    "dataset_loader_train": {
        "!": "triglot.dataset.CSV",
        "path": here + "/train.csv",
        "target_column": "grade",
    },
    "dataset_loader_test": {"__copy__": "dataset_loader_train", "path": here + "/test.csv"},
    "model": {
        "!": "triglot.estimators.JuliaClassifier",  # JuliaRegressor for numbers
        "script": here + "/Model.jl",
        "fit_function": "Model.fit",
        "predict_function": "Model.predict",
        "predict_proba_function": "Model.predict_proba",
        "params": {"ridge": 0.01},
    },
}
