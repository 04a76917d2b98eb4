# What callers' clients ask: orders with a column of every kind, answered by models of Python.
{
    "models": {
        "echo": {"dataset_loader_train": {"!": "orders.Numbers"}, "model": {"!": "orders.Echo"}},
        "seen": {"dataset_loader_train": {"!": "orders.Numbers"}, "model": {"!": "orders.Seen"}},
        "tells": {
            "dataset_loader_train": {"!": "orders.Verdicts"},
            "model": {"!": "orders.Tells"},
            "answers": "any",
        },
        "judge": {"dataset_loader_train": {"!": "orders.Verdicts"}, "model": {"!": "orders.Judge"}},
    },
    "server": {"timeout_s": 100, "patience_s": 1},
}
