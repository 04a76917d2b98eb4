{
    "dataset_loader_train": {
        "__factory__": "palladium.dataset.Table",
        "path": "iris.data",
        "names": [
            "sepal length",
            "sepal width",
            "petal length",
            "petal width",
            "species",
        ],
        "target_column": "species",
        "sep": ",",
        "nrows": 100,
    },
    "dataset_loader_test": {
        "__copy__": "dataset_loader_train",
        "nrows": None,
        "skiprows": 100,
    },
    "model": {
        "__factory__": "sklearn.linear_model.LogisticRegression",
        "C": 0.3,
        "max_iter": 1000,
    },
    "grid_search": {
        "param_grid": {"C": [0.1, 0.3, 1.0]},
        "cv": 3,
        "verbose": 1,
    },
    "scoring": "accuracy",
    "model_persister": {
        "__factory__": "palladium.persistence.CachedUpdatePersister",
        "update_cache_rrule": {"freq": "HOURLY"},
        "impl": {
            "__factory__": "palladium.persistence.Database",
            "url": "sqlite:///iris-model.db",
        },
    },
    "predict_service": {
        "__factory__": "palladium.server.PredictService",
        "mapping": [
            ("sepal length", "float"),
            ("sepal width", "float"),
            ("petal length", "float"),
            ("petal width", "float"),
        ],
    },
    "predict_service_proba": {
        "__factory__": "palladium.server.PredictService",
        "entry_point": "/predict-proba",
        "predict_proba": True,
        "mapping": [
            ("sepal length", "float"),
            ("sepal width", "float"),
            ("petal length", "float"),
            ("petal width", "float"),
        ],
    },
    "alive": {
        "process_store_required": ("model_persister",),
    },
    "service_metadata": {
        "service_name": "iris",
        "service_version": "0.1",
    },
}
