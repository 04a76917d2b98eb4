{
    'dataset_loader_train': {
        '!': 'palladium.dataset.Table',
        'path': 'iris.data',
        'sep': ',',
        'names': ['sepal length', 'sepal width', 'petal length', 'petal width', 'species'],
        'target_column': 'species',
        'converters': {4: lambda species: 1 if species == 'Iris-virginica' else -1},
        'nrows': 100,
    },
    'dataset_loader_test': {
        '__copy__': 'dataset_loader_train',
        'nrows': None,
        'skiprows': 100,
    },
    'model': {
        '!': 'palladium.julia.ClassificationModel',
        'fit_func': 'SVM.svm',
        'predict_func': 'SVM.predict',
        'fit_kwargs': {'epochs': 300},
    },
    'model_persister': {
        '!': 'palladium.persistence.CachedUpdatePersister',
        'update_cache_rrule': {'freq': 'HOURLY'},
        'impl': {
            '!': 'palladium.persistence.Database',
            'url': 'sqlite:///julia-model.db',
        },
    },
    'predict_service': {
        '!': 'palladium.server.PredictService',
        'mapping': [
            ('sepal length', 'float'),
            ('sepal width', 'float'),
            ('petal length', 'float'),
            ('petal width', 'float'),
        ],
    },
}
