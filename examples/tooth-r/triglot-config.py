{
    'model_name': 'tooth-r',

    'dataset_loader_train': {
        '!': 'triglot.dataset.CSV',
        'path': here + '/../data/tooth_growth.csv',
        'dtype': {'supp': 'category'},
        'target_column': 'len',
    },

    'model': {
        '!': 'triglot.estimators.RRegressor',
        'script': here + '/tooth.R',
    },
}
