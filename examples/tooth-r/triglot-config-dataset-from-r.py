{
    'model_name': 'tooth-r',

    'dataset_loader_train': {
        '!': 'triglot.foreign.RDataset',
        'script': here + '/data.R',
    },

    'model': {
        '!': 'triglot.estimators.RRegressor',
        'script': here + '/tooth.R',
    },
}
