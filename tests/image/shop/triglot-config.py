{
    'iris': {
        '!': 'triglot.dataset.CSV',
        'path': here + '/iris.data',
        'names': ['sepal length', 'sepal width', 'petal length', 'petal width', 'species'],
        'target_column': 'species',
    },
    'tooth': {
        '!': 'triglot.dataset.CSV',
        'path': here + '/tooth_growth.csv',
        'dtype': {'supp': 'category'},
        'target_column': 'len',
    },
    'models': {
        'python': {
            'dataset_loader_train': {'__copy__': 'iris'},
            'model': {'!': 'shop.Classifier'},
        },
        'r': {
            'dataset_loader_train': {'__copy__': 'tooth'},
            'model': {'!': 'triglot.estimators.RRegressor', 'script': 'tooth.R'},
        },
        'julia': {
            'dataset_loader_train': {'__copy__': 'iris'},
            'model': {
                '!': 'triglot.estimators.JuliaClassifier',
                'script': 'IrisNeighbours.jl',
                'fit_function': 'IrisNeighbours.fit',
                'predict_function': 'IrisNeighbours.predict',
            },
        },
    },
}
