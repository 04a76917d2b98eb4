# Preprocessing in Python before a model in R.
{
    "model_name": "mixed",
    "dataset_loader_train": {
        "!": "triglot.dataset.CSV",
        "path": here + "/../../../examples/data/iris.data",
        "names": ["sepal length", "sepal width", "petal length", "petal width", "species"],
        "target_column": "species",
    },
    "model": {
        "!": "sklearn.pipeline.Pipeline",
        "steps": [
            ["scale", {"!": "sklearn.preprocessing.StandardScaler"}],
            [
                "forest",
                {
                    "!": "triglot.estimators.RClassifier",
                    "script": here + "/../../../examples/iris-r/iris.R",
                    "params": {"ntree": 50},
                    "seed": 1,
                },
            ],
        ],
    },
    "grid_search": {"param_grid": {"forest__params__ntree": [1, 20]}, "cv": 2},
    "server": {"timeout_s": 100, "processes": 1},
}
