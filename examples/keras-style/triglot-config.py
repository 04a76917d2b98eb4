{
    'model_name': 'keras-style',

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
        '!': 'model.make_pipeline',
        'hidden': 8,
        'epochs': 500,
    },
}
