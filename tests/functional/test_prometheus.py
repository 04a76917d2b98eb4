"""Prometheus itself, where it is installed: its tool fires every rule, and a server scrapes a service and is asked."""

import json
import re
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.functional.running import Running, free_port
from tests.helpers import PATIENCE_S, until

MONITORING = Path(__file__).parents[2] / "examples" / "monitoring"
ALERTS = MONITORING / "alerts.yml"
RULES = {rule["alert"] for group in yaml.safe_load(ALERTS.read_text("utf-8"))["groups"] for rule in group["rules"]}
OF = 'instance="a", model="iris", version="1", language="r"'
WELL = {
    f"triglot_prediction_duration_seconds_count{{{OF}}}": "0+300x60",
    f'triglot_prediction_duration_seconds_bucket{{{OF}, le="0.1"}}': "0+300x60",
    f'triglot_prediction_duration_seconds_bucket{{{OF}, le="+Inf"}}': "0+300x60",
    f"triglot_prediction_failures_total{{{OF}}}": "0x60",
    'triglot_model_active_version{instance="a", model="iris", language="r"}': "1x60",
    'triglot_model_answering_version{instance="a", model="iris", language="r"}': "1x60",
    'triglot_model_workers{instance="a", model="iris", version="1"}': "2x60",
    'triglot_program_exits_total{instance="a", program="workers-r:r-0", how="a signal"}': "0x60",
    f"triglot_worker_deaths_total{{{OF}}}": "0x60",
    'triglot_version_quarantined{instance="a", model="iris", version="1"}': "0x60",
    'triglot_store_up{instance="a"}': "1x60",
    'triglot_drift_psi{instance="a", model="iris", version="1", feature="age"}': "0.05x60",
    'triglot_http_request_duration_seconds_count{instance="a", status="503", code="overloaded"}': "0x60",
}
# the same, each in the way that the rule is about
SICK = {
    "TriglotModelFails": {f"triglot_prediction_failures_total{{{OF}}}": "0+30x60"},
    "TriglotModelDoesNotAnswer": {'triglot_model_workers{instance="a", model="iris", version="1"}': "0x60"},
    "TriglotVersionDoesNotLoad": {'triglot_model_active_version{instance="a", model="iris", language="r"}': "2x60"},
    "TriglotWorkersEnd": {
        'triglot_program_exits_total{instance="a", program="workers-r:r-0", how="a signal"}': "0+1x60"
    },
    "TriglotVersionEndsWorkers": {f"triglot_worker_deaths_total{{{OF}}}": "0+1x60"},
    "TriglotVersionQuarantined": {'triglot_version_quarantined{instance="a", model="iris", version="1"}': "1x60"},
    "TriglotDrift": {'triglot_drift_psi{instance="a", model="iris", version="1", feature="age"}': "0.3x60"},
    "TriglotSlow": {f'triglot_prediction_duration_seconds_bucket{{{OF}, le="0.1"}}': "0+3x60"}
    | {f'triglot_prediction_duration_seconds_bucket{{{OF}, le="2.5"}}': "0+300x60"},
    "TriglotStoreAway": {'triglot_store_up{instance="a"}': "0x60"},
    "TriglotBusy": {name: "0+1x60" for name in WELL if "overloaded" in name},
}


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name}: apt-get install prometheus")
    return found


def firing(series: dict[str, str], *alerts: str) -> dict[str, Any]:
    """Return a test of promtool's: after half an hour of these series these alerts fire, and no others."""
    samples = [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in alerts]
    return {
        "interval": "30s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                "eval_time": "28m",
                "exp_samples": samples,
            }
        ],
    }


def test_each_rule_fires_at_what_it_is_about_and_at_nothing_else(tmp_path: Path) -> None:
    assert SICK.keys() == RULES
    tests = [firing(WELL), *(firing(WELL | series, name) for name, series in SICK.items())]
    (tmp_path / "test.yml").write_text(
        json.dumps({"rule_files": [str(ALERTS)], "evaluation_interval": "30s", "tests": tests})
    )
    done = subprocess.run(
        [program("promtool"), "test", "rules", str(tmp_path / "test.yml")],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr


class Prometheus:
    """A Prometheus that scrapes one service and knows the rules."""

    def __init__(self, place: Path, service: Running) -> None:
        self._url = f"http://127.0.0.1:{free_port()}"
        config = {
            "global": {"scrape_interval": "500ms", "evaluation_interval": "500ms"},
            "rule_files": [str(ALERTS)],
            "scrape_configs": [{"job_name": "triglot", "static_configs": [{"targets": [f"127.0.0.1:{service.port}"]}]}],
        }
        (place / "prometheus.yml").write_text(json.dumps(config))
        self.log = place / "log"
        command = [
            program("prometheus"),
            f"--config.file={place / 'prometheus.yml'}",
            f"--storage.tsdb.path={place / 'data'}",
            f"--web.listen-address={self._url.removeprefix('http://')}",
        ]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def ask(self, path: str, **query: str) -> Any:
        """Return the data of a good answer of its API; None while it does not answer."""
        assert self.process.poll() is None, self.log.read_text("utf-8", "replace")
        url = f"{self._url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
                return json.loads(answer.read())["data"]
        except urllib.error.HTTPError as error:
            if error.code == 503:  # it has not begun yet
                return None
            pytest.fail(f"{query}: {error.read().decode()}")
        except OSError:
            return None

    def values(self, expr: str) -> list[Any]:
        """Return the samples of an expression now."""
        found = self.ask("query", query=expr)
        return [] if found is None else list(found["result"])

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE_S)


@pytest.fixture
def prometheus(service: Running, tmp_path: Path) -> Iterator[Prometheus]:
    made = Prometheus(tmp_path, service)
    yield made
    made.close()


def test_a_server_scrapes_a_service_and_answers_what_the_dashboard_asks(
    service: Running, prometheus: Prometheus
) -> None:
    assert service.post("/models/moody-python/predict", [{"mood": 0, "seconds": 0}]).status == 200
    until(lambda: bool(prometheus.values('rate(triglot_prediction_rows_total{model="moody-python"}[1m])')))
    assert prometheus.values("up{job='triglot'} == 1")

    text = (MONITORING / "dashboard.json").read_text("utf-8")
    for variable, value in (("job", "triglot"), ("instance", ".*"), ("model", ".*"), ("__rate_interval", "1m")):
        text = text.replace(f"${variable}", value)
    queries = {target["expr"] for panel in json.loads(text)["panels"] for target in panel.get("targets", ())}
    unanswered = {expr for expr in queries if not prometheus.values(expr)}
    # what has not happened to this service
    rare = r"retries|errors|failures|exits|deaths|quarantined|worker_call|family_scopes|_drift_|triglot_jobs|"
    rare += r"outcome=\"error\"|code!=\"\""
    assert not [expr for expr in unanswered if not re.search(rare, expr)]

    rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    assert {rule["name"] for rule in rules} == RULES
    until(lambda: all(rule["health"] == "ok" for group in prometheus.ask("rules")["groups"] for rule in group["rules"]))
