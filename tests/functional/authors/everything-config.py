# The iris models of the examples and the tooth model, and a moody model in each language, whose tag is TAG.
{
    "dataset_loader_train": {
        "!": "triglot.dataset.CSV",
        "path": here + "/../../../examples/data/iris.data",
        "names": ["sepal length", "sepal width", "petal length", "petal width", "species"],
        "target_column": "species",
        "nrows": 100,
    },
    "dataset_loader_test": {
        "__copy__": "dataset_loader_train",
        "nrows": None,
        "skiprows": 100,
    },
    "moody_data": {"!": "triglot.dataset.CSV", "path": here + "/moody.csv", "target_column": "answer"},
    "models": {
        "iris-python": {
            "model": {"!": "sklearn.linear_model.LogisticRegression", "C": 0.3, "max_iter": 1000},
        },
        "iris-r": {
            "model": {
                "!": "triglot.estimators.RClassifier",
                "script": here + "/../../../examples/iris-r/iris.R",
                "params": {"ntree": 100},
                "seed": 1,
            },
        },
        "iris-julia": {
            "model": {
                "!": "triglot.estimators.JuliaClassifier",
                "script": here + "/../../../examples/iris-julia/IrisNeighbours.jl",
                "fit_function": "IrisNeighbours.fit",
                "predict_function": "IrisNeighbours.predict",
            },
        },
        "tooth-r": {
            "dataset_loader_train": {
                "!": "triglot.dataset.CSV",
                "path": here + "/../../../examples/data/tooth_growth.csv",
                "dtype": {"supp": "category"},
                "target_column": "len",
            },
            "dataset_loader_test": None,
            "model": {
                "!": "triglot.estimators.RRegressor",
                "script": here + "/../../../examples/tooth-r/tooth.R",
            },
        },
        "moody-python": {
            "dataset_loader_train": {"__copy__": "moody_data"},
            "dataset_loader_test": None,
            "model": {"!": "moody.Moody", "tag": float(environ.get("TAG", "1"))},
        },
        "moody-r": {
            "dataset_loader_train": {"__copy__": "moody_data"},
            "dataset_loader_test": None,
            "model": {
                "!": "triglot.estimators.RRegressor",
                "script": here + "/moody.R",
                "params": {"tag": float(environ.get("TAG", "1"))},
            },
        },
        "moody-julia": {
            "dataset_loader_train": {"__copy__": "moody_data"},
            "dataset_loader_test": None,
            "model": {
                "!": "triglot.estimators.JuliaRegressor",
                "script": here + "/Moody.jl",
                "fit_function": "Moody.fit",
                "predict_function": "Moody.predict",
                "params": {"tag": float(environ.get("TAG", "1"))},
            },
        },
    },
    # The names that these requests use are not the model's, and what they send beside them is ignored.
    "predict_service": {
        "!": "triglot.server.predict.PredictService",
        "model": "iris-python",
        "mapping": [("sl", "float"), ("sw", "float"), ("pl", "float"), ("pw", "float")],
    },
    "service_metadata": {"service_name": "every model there is"},
    "alive": {"process_store_required": ["iris-python"]},
    "server": {"mlflow_model": "iris-python", "timeout_s": 100, "patience_s": float(environ.get("PATIENCE", "90")), "tracing": "TRACING" in environ},
}
