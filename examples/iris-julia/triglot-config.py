{
    'model_name': 'iris-julia',

    'dataset_loader_train': {
        '!': 'triglot.dataset.CSV',
        'path': here + '/../data/iris.data',
        'names': ['sepal length', 'sepal width', 'petal length', 'petal width', 'species'],
        'target_column': 'species',
        'nrows': 100,
    },
    'dataset_loader_test': {
        '__copy__': 'dataset_loader_train',
        'nrows': None,
        'skiprows': 100,
    },

    'model': {
        '!': 'triglot.estimators.JuliaClassifier',
        'script': here + '/IrisNeighbours.jl',
        'fit_function': 'IrisNeighbours.fit',
        'predict_function': 'IrisNeighbours.predict',
        'params': {'k': 5},
    },
}
