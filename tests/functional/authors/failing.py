# One model in R and one in Julia, of the file SCRIPT and its function FUNCTION.
{
    'dataset_loader_train': {'!': 'triglot.dataset.CSV', 'path': here + '/moody.csv', 'target_column': 'answer'},
    'models': {
        'r': {
            'model': {
                '!': 'triglot.estimators.RRegressor',
                'script': here + '/' + environ['SCRIPT'],
                'fit': environ['FUNCTION'],
            },
        },
        'julia': {
            'model': {
                '!': 'triglot.estimators.JuliaRegressor',
                'script': here + '/' + environ['SCRIPT'],
                'fit': environ['FUNCTION'],
            },
        },
    },
}
