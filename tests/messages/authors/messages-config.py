# Irises, a model that takes its time and fails on demand, and a pipeline; brokers at the ports of the environment.
{
    "dataset_loader_train": {
        "!": "triglot.dataset.CSV",
        "path": environ["IRIS"],
        "names": ["sepal length", "sepal width", "petal length", "petal width", "species"],
        "target_column": "species",
    },
    "models": {
        "iris": {"model": {"!": "sklearn.linear_model.LogisticRegression", "max_iter": 1000}},
        "moody": {
            "dataset_loader_train": {"!": "triglot.dataset.CSV", "path": here + "/moody.csv", "target_column": "answer"},
            "model": {"!": "moody.Moody"},
        },
    },
    "workers": {"python": 1},
    "server": {"processes": 1, "timeout_s": 100},
    "pipelines": {
        "marked": {
            "rows": True,
            "result": "jsonl",
            "parameters": {"factor": {"type": "number", "default": 2.0}},
            "steps": [{"!": "counted.Marked", "folder": environ.get("MARKS", "")}],
        },
    },
    "messages": {
        "orders": {"url": "amqp://127.0.0.1:" + environ.get("AMQP_PORT", "1"), "prefetch": 200},
        "receipts": {"url": "amqp://127.0.0.1:" + environ.get("AMQP_PORT", "1"), "prefix": "receipts", "once": True},
        "log": {"url": "kafka://127.0.0.1:" + environ.get("KAFKA_PORT", "1")},
        "things": {
            "url": "mqtt://sensor@127.0.0.1:" + environ.get("MQTT_PORT", "1"),
            "password_env": "SENSOR_PASSWORD",
            "prefetch": 200,
        },
    },
}
