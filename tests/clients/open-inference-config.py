# A classifier of numbers, and a model of mixed columns.
{
    'dataset_loader_train': {
        '!': 'triglot.dataset.CSV',
        'path': here + '/../../examples/data/iris.data',
        'names': ['sepal length', 'sepal width', 'petal length', 'petal width', 'species'],
        'target_column': 'species',
    },
    'models': {
        'iris': {'model': {'!': 'sklearn.linear_model.LogisticRegression', 'C': 0.3, 'max_iter': 1000}},
        'people': {
            'model': {'!': 'people.Weights'},
            'dataset_loader_train': {
                '!': 'triglot.dataset.CSV',
                'path': here + '/people.csv',
                'target_column': 'weight',
            },
        },
    },
}
