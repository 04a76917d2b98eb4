# The deployment from which the examples in this folder are made.
{
    'workers': {'python': 1, 'r': 2, 'julia': 1},
    'worker_memory': {'python': '512M', 'r': '512M', 'julia': '1G'},
    'deploy': {
        'name': 'iris',
        'image': 'registry.example.org/team/iris-predict:1.0',
        'instances': {'min': 2, 'max': 6},
        'cpus': 2,
        'memory': '3G',
        'environment': {'TZ': 'UTC'},
        'secrets': {
            'TRIGLOT_SIGNING_KEY': 'iris/signing-key',
            'TRIGLOT_STORE': 'iris/store-url',
        },
        'constraints': {'unique': 'hostname'},
        'load_s': 90,
    },
}
