# What the simulation's costs are measured on: a quick model and a slow one of Python, one of R, one of Julia.
{
    'model_persister': {'!': 'triglot.store.ModelStore', 'url': 'sqlite:///' + environ['TRIGLOT_DEMO_DB']},
    'run_dir': environ['TRIGLOT_DEMO_RUN'],
    'hooks': {'workers': ['counts.Counts']},

    'dataset_loader_train': {
        '!': 'triglot.dataset.CSV',
        'path': here + '/../../examples/data/iris.data',
        'names': ['sepal length', 'sepal width', 'petal length', 'petal width', 'species'],
        'target_column': 'species',
        'nrows': 100,
    },

    'models': {
        'logistic': {'model': {'!': 'sklearn.linear_model.LogisticRegression', 'C': 0.3, 'max_iter': 1000}},
        'forest': {'model': {'!': 'sklearn.ensemble.RandomForestClassifier', 'n_estimators': 100, 'random_state': 1}},
        'r-forest': {
            'model': {
                '!': 'triglot.estimators.RClassifier',
                'script': here + '/../../examples/iris-r/iris.R',
                'params': {'ntree': 500},
                'seed': 1,
            },
        },
        'julia': {
            'model': {
                '!': 'triglot.estimators.JuliaClassifier',
                'script': here + '/../../examples/iris-julia/IrisNeighbours.jl',
                'fit_function': 'IrisNeighbours.fit',
                'predict_function': 'IrisNeighbours.predict',
                'params': {'k': 5},
            },
        },
    },
}
