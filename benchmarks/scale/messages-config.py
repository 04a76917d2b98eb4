# What answers single rows by message; TRIGLOT_SCALE_AMQP is the port of a RabbitMQ.
{
    'model_persister': {'!': 'triglot.store.ModelStore', 'url': 'sqlite:///' + environ['TRIGLOT_DEMO_DB']},
    'run_dir': environ['TRIGLOT_DEMO_RUN'],
    'dataset_loader_train': {
        '!': 'triglot.dataset.CSV',
        'path': here + '/../../examples/data/iris.data',
        'names': ['sepal length', 'sepal width', 'petal length', 'petal width', 'species'],
        'target_column': 'species',
    },
    'models': {'iris': {'model': {'!': 'sklearn.linear_model.LogisticRegression', 'max_iter': 1000}}},
    'workers': {'python': 1},
    'server': {'processes': 1},
    'messages': {'broker': {'url': 'amqp://127.0.0.1:' + environ['TRIGLOT_SCALE_AMQP'], 'prefetch': 256}},
}
