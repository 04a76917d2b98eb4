{
    'dataset_loader_train': {
        '!': 'palladium.R.DatasetLoader',
        'scriptname': 'tooth.R',
        'funcname': 'dataset',
        'keep': 40,
    },
    'dataset_loader_test': {
        '__copy__': 'dataset_loader_train',
        'keep': 60,
    },
    'model': {
        '!': 'sklearn.pipeline.Pipeline',
        'steps': [
            ['trans', {'!': 'palladium.R.Rpy2Transform'}],
            ['clf', {
                '!': 'palladium.R.RegressionModel',
                'scriptname': 'tooth.R',
                'funcname': 'train.randomForest',
                'ntree': 300,
            }],
        ],
    },
    'scoring': 'r2',
    'model_persister': {
        '!': 'palladium.persistence.CachedUpdatePersister',
        'update_cache_rrule': {'freq': 'HOURLY'},
        'impl': {
            '!': 'palladium.persistence.Database',
            'url': 'sqlite:///tooth-model.db',
        },
    },
    'predict_service': {
        '!': 'palladium.server.PredictService',
        'mapping': [
            ('supp', 'str'),
            ('dose', 'float'),
        ],
    },
}
