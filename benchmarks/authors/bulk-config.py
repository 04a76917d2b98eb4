# What is measured with many rows: two models of scikit-learn and two of R, the quickest and a forest each.
{
    "model_persister": {"!": "triglot.store.ModelStore", "url": "sqlite:///" + environ["TRIGLOT_DEMO_DB"]},
    "run_dir": environ["TRIGLOT_DEMO_RUN"],
    "dataset_loader_train": {
        "!": "triglot.dataset.CSV",
        "path": here + "/../../examples/data/iris.data",
        "names": ["sepal length", "sepal width", "petal length", "petal width", "species"],
        "target_column": "species",
    },
    "models": {
        "logistic-python": {"model": {"!": "sklearn.linear_model.LogisticRegression", "max_iter": 1000}},
        "forest-python": {
            "model": {"!": "sklearn.ensemble.RandomForestClassifier", "n_estimators": 100, "random_state": 0},
        },
        "lda-r": {"model": {"!": "triglot.estimators.RClassifier", "script": here + "/bulk.R", "fit_function": "lda"}},
        "forest-r": {"model": {"!": "triglot.estimators.RClassifier", "script": here + "/bulk.R", "fit_function": "forest"}},
    },
}
