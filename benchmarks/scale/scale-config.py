# What large work is measured with; TRIGLOT_SCALE is the folder of rows and models.
{
    'model_persister': {'!': 'triglot.store.ModelStore', 'url': 'sqlite:///' + environ['TRIGLOT_SCALE'] + '/models.db'},
    'run_dir': environ['TRIGLOT_SCALE'] + '/run',
    'dataset_loader_train': {
        '!': 'triglot.dataset.CSV',
        'path': environ['TRIGLOT_SCALE'] + '/learned.csv',
        'target_column': 'y',
        'ndarray': False,
    },
    'workers': {'python': 1, 'r': 0, 'julia': 0},
    'models': {
        'linear': {'model': {'!': 'sklearn.linear_model.LinearRegression'}},
        'boosting': {'model': {'!': 'sklearn.ensemble.HistGradientBoostingRegressor', 'random_state': 1}},
        'r-lm': {
            'model': {
                '!': 'triglot.estimators.RRegressor',
                'script': here + '/../authors/scale.R',
                'fit_function': 'linear',
            },
        },
        'r-ranger': {
            'model': {
                '!': 'triglot.estimators.RRegressor',
                'script': here + '/../authors/scale.R',
                'fit_function': 'forest',
                'predict_function': 'forest_answers',
            },
        },
        'shops': {
            'dataset_loader_train': {
                '!': 'triglot.dataset.CSV',
                'path': environ['TRIGLOT_SCALE'] + '/shops.csv',
                'target_column': 'y',
                'ndarray': False,
            },
            'model': {
                '!': 'triglot.estimators.RRegressor',
                'script': here + '/../authors/scale.R',
                'fit_function': 'slow',
                'predict_function': 'forest_answers',
            },
        },
        'julia': {
            'model': {
                '!': 'triglot.estimators.JuliaRegressor',
                'script': here + '/../authors/Scale.jl',
                'fit_function': 'Scale.fit',
                'predict_function': 'Scale.predict',
            },
        },
    },
}
