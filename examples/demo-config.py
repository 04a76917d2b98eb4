# The three iris models of the folders beside this file, in one store and behind one server.
{
    'model_persister': {
        '!': 'triglot.store.ModelStore',
        'url': 'sqlite:///' + environ.get('TRIGLOT_DEMO_DB', here + '/../run/demo.db'),
    },
    'run_dir': environ.get('TRIGLOT_DEMO_RUN', here + '/../run/demo'),

    'dataset_loader_train': {
        '!': 'triglot.dataset.CSV',
        'path': here + '/data/iris.data',
        'names': ['sepal length', 'sepal width', 'petal length', 'petal width', 'species'],
        'target_column': 'species',
        'nrows': 100,
    },
    'dataset_loader_test': {
        '__copy__': 'dataset_loader_train',
        'nrows': None,
        'skiprows': 100,
    },

    'models': {
        'iris-python': {
            'model': {'!': 'sklearn.linear_model.LogisticRegression', 'C': 0.3, 'max_iter': 1000},
        },
        'iris-r': {
            'model': {
                '!': 'triglot.estimators.RClassifier',
                'script': here + '/iris-r/iris.R',
                'params': {'ntree': 500},
                'seed': 1,
            },
        },
        'iris-julia': {
            'model': {
                '!': 'triglot.estimators.JuliaClassifier',
                'script': here + '/iris-julia/IrisNeighbours.jl',
                'fit_function': 'IrisNeighbours.fit',
                'predict_function': 'IrisNeighbours.predict',
                'params': {'k': 5},
            },
        },
    },
}
