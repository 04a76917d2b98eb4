{
    'dataset_loader_train': {
        '__factory__': 'palladium.dataset.Table',
        'path': 'iris.data',
        'sep': ',',
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
        '__factory__': 'model.make_pipeline',
        'hidden': 8,
        'epochs': 500,
    },
    'model_persister': {
        '__factory__': 'palladium.persistence.File',
        'path': 'keras-model-{version}',
    },
    'predict_service': {
        '__factory__': 'palladium.server.PredictService',
        'mapping': [
            ('sepal length', 'float'),
            ('sepal width', 'float'),
            ('petal length', 'float'),
            ('petal width', 'float'),
        ],
    },
    'alive': {
        'process_store_required': ('model',),
    },
}
