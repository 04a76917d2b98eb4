{
    'model_name': 'iris',
    'dataset_loader_train': {
        '!': 'triglot.dataset.CSV',
        'path': here + '/iris.data',
        'names': ['sepal length', 'sepal width', 'petal length', 'petal width', 'species'],
        'target_column': 'species',
    },
    'model': {'!': 'sklearn.linear_model.LogisticRegression', 'C': 0.3, 'max_iter': 1000},
    'workers': {'python': 1, 'r': 0, 'julia': 0},
    'deploy': {
        'name': 'iris',
        'image': environ.get('IRIS_IMAGE', 'test/iris-predict:1'),
        'memory': '700M',
        'load_s': 200,
        'secrets': {'TRIGLOT_SIGNING_KEY': 'iris/signing-key'},
    },
}
