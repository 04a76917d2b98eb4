# The models of the benchmarks: what the alternatives serve as well, and one in each language.
{
    'model_persister': {
        '!': 'triglot.store.ModelStore',
        'url': 'sqlite:///' + environ['TRIGLOT_DEMO_DB'],
    },
    'run_dir': environ['TRIGLOT_DEMO_RUN'],
    'server': {'grpc_port': environ['TRIGLOT_BENCH_GRPC_PORT']} if 'TRIGLOT_BENCH_GRPC_PORT' in environ else {},

    'dataset_loader_train': {
        '!': 'triglot.dataset.CSV',
        'path': here + '/../examples/data/iris.data',
        'names': ['sepal length', 'sepal width', 'petal length', 'petal width', 'species'],
        'target_column': 'species',
        'nrows': 100,
    },

    'models': {
        'logistic': {
            'model': {'!': 'sklearn.linear_model.LogisticRegression', 'C': 0.3, 'max_iter': 1000},
        },
        'forest': {
            'model': {'!': 'sklearn.ensemble.RandomForestClassifier', 'n_estimators': 100, 'random_state': 1},
        },
        'r-forest': {
            'model': {
                '!': 'triglot.estimators.RClassifier',
                'script': here + '/../examples/iris-r/iris.R',
                'params': {'ntree': 500},
                'seed': 1,
            },
        },
        'julia': {
            'model': {
                '!': 'triglot.estimators.JuliaClassifier',
                'script': here + '/../examples/iris-julia/IrisNeighbours.jl',
                'fit_function': 'IrisNeighbours.fit',
                'predict_function': 'IrisNeighbours.predict',
                'params': {'k': 5},
            },
        },
    },
}
