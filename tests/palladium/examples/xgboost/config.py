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
        '__factory__': 'xgboost.XGBClassifier',
        'max_depth': 3,
        'n_estimators': 50,
    },
    'grid_search': {
        'param_grid': {'max_depth': [2, 3]},
        'cv': 3,
    },
    'scoring': 'accuracy',
    'model_persister': {
        '__factory__': 'palladium.persistence.Database',
        'url': 'sqlite:///xgboost-model.db',
    },
    'predict_service': {
        '__factory__': 'palladium.server.PredictService',
        'mapping': [
            ('sepal length', 'float'),
            ('sepal width', 'float'),
            ('petal length', 'float'),
            ('petal width', 'float'),
        ],
        'predict_proba': True,
    },
    'alive': {
        'process_store_required': ('model',),
    },
}
