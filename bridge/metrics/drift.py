"""How far what versions are asked is from their training, column by column, as families of metrics."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily, Metric

from triglot.drift.comparison import Drift
from triglot.tally.files import Version

_VERSION = ("model", "version")
_COLUMN = (*_VERSION, "feature")


def families(drift: Mapping[Version, Drift]) -> Iterator[Metric]:
    """Yield the metrics of the versions that answer, where drift is looked for; without samples where it is not."""
    rows = GaugeMetricFamily("triglot_drift_rows", "Rows looked at for drift within the window.", labels=_VERSION)
    index = GaugeMetricFamily(
        "triglot_drift_psi", "Population stability index of what is asked against training.", labels=_COLUMN
    )
    unseen = GaugeMetricFamily(
        "triglot_drift_unseen_ratio", "The share of rows with a level that training did not have.", labels=_COLUMN
    )
    missing = GaugeMetricFamily("triglot_drift_missing_ratio", "The share of rows without a value.", labels=_COLUMN)
    before = GaugeMetricFamily("triglot_drift_training_missing_ratio", "The same of training's rows.", labels=_COLUMN)
    for (model, version), found in sorted(drift.items()):
        rows.add_metric((model, str(version)), found.rows)
        for column in found.columns:
            of = (model, str(version), column.name)
            if column.psi is not None:
                index.add_metric(of, column.psi)
            if column.unseen is not None:
                unseen.add_metric(of, column.unseen)
            missing.add_metric(of, column.missing)
            before.add_metric(of, column.missing_in_training)
    yield from (rows, index, unseen, missing, before)
