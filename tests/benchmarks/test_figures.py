"""What a run says: medians, ratios, goals, the page and the plots."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from benchmarks import plots
from benchmarks.figures import Figures, Measurement, Presence, Spread
from benchmarks.goals import NOT_MEASURED, goals, others, ratio
from benchmarks.load import said
from benchmarks.report import fine, markdown, spread

WRK = """Running 1s test @ http://127.0.0.1:8000/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.66ms    3.28ms  49.57ms   88.45%
    Req/Sec    28.93k     5.43k   40.77k    70.00%
  Latency Distribution
     50%  850.00us
     75%    2.83ms
     90%    5.99ms
     99%    1.02s
  28852 requests in 1.00s, 4.84MB read
  Socket errors: connect 0, read 3, write 0, timeout 2
  Non-2xx or 3xx responses: 7
Requests/sec:  28764.99
Transfer/sec:      4.83MB
"""


def measured(
    system: str, model: str, load: str, *rates: float, p50: float = 1.0, p99: float = 2.0
) -> list[Measurement]:
    """Return a measurement a round, with these answers a second."""
    return [Measurement(system, model, load, number, rate, p50, p99, 0, 0.1) for number, rate in enumerate(rates)]


@pytest.fixture(scope="module")
def run() -> dict[str, Any]:
    """Return a results.json of two rounds; ours answers 4000 to 5000 a second, the others 2000 and 1000."""
    measurements = [
        *measured("flask-gunicorn-1", "logistic", "closed 1", 900.0, 1100.0, p50=0.5),
        *measured("flask-gunicorn-1", "logistic", "closed 64", 900.0, 1100.0),
        *measured("mlserver", "logistic", "closed 64", 2000.0, 2000.0),
        *measured("mlserver", "logistic", "open 1000", 1000.0, 1000.0),
        *measured("mlserver", "logistic", "rows 1000", 1200.0, 1200.0),
        *measured("mlserver", "protocol", "grpc 64", 800.0, 800.0),
        *measured("triglot", "logistic", "closed 1", 1000.0, 1000.0, p50=0.6),
        *measured("triglot", "logistic", "closed 16", 3000.0, 3000.0, p99=8.0),
        *measured("triglot", "logistic", "closed 64", 4000.0, 5000.0),
        *measured("triglot", "logistic", "closed 256", 4400.0, 4400.0),
        *measured("triglot", "logistic", "open 1000", 1000.0, 1000.0),
        *measured("triglot", "logistic", "rows 1000", 600.0, 600.0),
        *measured("triglot", "protocol", "v2 64", 3600.0, 3600.0),
        *measured("triglot", "protocol", "v2-rows 1000", 1500.0, 1500.0),
        *measured("triglot", "protocol", "v2-binary 1000", 2400.0, 2400.0),
        *measured("triglot-grpc", "protocol", "grpc 64", 1200.0, 1200.0),
        *measured("triglot", "julia", "closed 64", 4500.0, 4500.0),
        *measured("nginx", "none", "closed 64", 50000.0, 60000.0),
        *measured("r", "none", "r-forest 64", 5000.0, 5000.0),
    ]
    presences = [
        Presence("triglot", 0, 2.0, 440.0),
        Presence("triglot", 1, 3.0, 444.0),
        Presence("mlserver", 0, 4, 200),
    ]
    return {
        "machine": {"when": "2026-11-26", "processors": 2, "architecture": "x86_64", "python": "3", "load_before": 0.2},
        "seconds": 3,
        "runs": 2,
        "titles": {
            **{
                "flask-gunicorn-1": "plain Flask",
                "mlserver": "MLServer (1.7.1)",
                "triglot": "triglot",
                "triglot-grpc": "triglot and gRPC",
            },
            **{"nginx": "nginx", "r": "R alone", "plumber": "plumber (R)"},
        },
        "absent": {"plumber": "R has no package plumber:\ninstall it"},
        "presences": list(map(asdict, presences)),
        "measurements": list(map(asdict, measurements)),
    }


@pytest.fixture(scope="module")
def figures(run: dict[str, Any]) -> Figures:
    return Figures((Measurement(**one) for one in run["measurements"]), (Presence(**one) for one in run["presences"]))


def test_the_report_of_wrk_is_read_with_its_units_and_all_its_errors() -> None:
    load = said(WRK.replace("1.02s", "1.02s "))  # it pads some units
    assert (load.requests_per_s, load.p50_ms, load.p99_ms, load.errors) == (28764.99, 0.85, 1020, 12)
    nothing = said("Requests/sec:      0.00\n")
    assert (nothing.requests_per_s, nothing.p99_ms) == (0, None)
    with pytest.raises(RuntimeError, match="nothing of requests"):
        said("unable to connect")


def test_rounds_are_told_as_their_median_with_the_least_and_the_most() -> None:
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0)
    assert spread(Spread(2.0, 1.0, 300.0), fine) == "2.00 (1.00-300)"
    assert spread(Spread(2.0, 2.0, 2.0), fine) == "2.00"
    assert spread(None, fine) == "-"


def test_a_ratio_is_ours_over_the_best_of_the_others(figures: Figures) -> None:
    assert ratio(figures, "logistic", "closed 64", others(figures, "logistic")) == (2.25, "mlserver")
    assert ratio(figures, "logistic", "closed 256", others(figures, "logistic")) is None
    assert figures.best("logistic", "closed 64", "requests_per_s", ["flask-gunicorn-1"]) == ("flask-gunicorn-1", 1000)
    assert figures.best("logistic", "closed 64", "p50_ms", [], least=True) is None


def test_every_goal_says_what_was_reached_and_whether_that_is_enough(figures: Figures) -> None:
    found = {goal.what: (goal.reached, goal.met) for goal in goals(figures)}
    assert found["scikit-learn logistic, 64 connections"] == ("2.25 times the best of the others (mlserver)", True)
    assert found["the same, p99 at 16 connections"] == ("8.00 ms", False)
    assert found["the same, p50 at 1 connection over plain Flask with the model inside"] == (
        "+0.10 ms (flask-gunicorn-1)",
        True,
    )
    assert found["Julia model beside the logistic, 64 connections"] == ("100%", True)
    assert found["1,000 rows a request"] == ("0.50 times the best of the others (mlserver)", False)
    assert found["V2 JSON of one row, 64 connections, of MLServer"] == ("1.80 times mlserver", False)
    assert found["the same, of our own `/predict`"] == ("0.80 times", True)
    assert found["V2 binary of 1,000 rows, of MLServer's JSON"] == ("2.00 times mlserver", True)
    assert found["the same, of our own JSON"] == ("4.00 times", True)
    assert found["the same, of our V2 JSON"] == ("1.60 times", True)
    assert found["gRPC of one row, 64 connections, of MLServer's"] == ("1.50 times mlserver", False)
    assert found["memory: front end of 2 processes and one worker of each language"] == ("442 MB", True)
    assert found["answers a second at 256 connections, of the peak"] == ("98%", True)
    assert found["R randomForest, one R worker, 64 connections"] == (NOT_MEASURED, None)


def test_loads_stand_in_the_order_of_their_width(figures: Figures) -> None:
    loads = figures.loads("logistic")
    assert loads == ["closed 1", "closed 16", "closed 64", "closed 256", "open 1000", "rows 1000"]


def test_the_page_has_the_figures_and_who_is_absent_and_why(run: dict[str, Any]) -> None:
    page = markdown(run)
    assert "- plumber (R): R has no package plumber: install it\n" in page
    assert "| triglot | 1,000 | 3,000 | 4,500 (4,000-5,000) | 4,400 | 1,000 | 600 k | 0.10 | 0 |" in page
    assert "- 64 connections: 2.25 times the best of the others (MLServer (1.7.1))." in page
    assert "| MLServer (1.7.1) | its own, 64 connections | 2,000 | 1.00 | 2.00 | 0.10 |\n" in page
    assert "| MLServer (1.7.1) | gRPC, 64 connections | 800 | 1.00 | 2.00 | 0.10 |\n" in page
    assert "| triglot | V2 binary, 1,000 rows a request | 2,400 | 1.00 | 2.00 | 0.10 |\n" in page
    assert "| triglot and gRPC | gRPC, 64 connections | 1,200 | 1.00 | 2.00 | 0.10 |\n" in page
    assert "| plain Flask | its own" not in page
    assert "| R alone | r-forest, 64 rows a call | 5,000 | 1.00 | 2.00 |" in page
    assert "| nginx | 64 connections | 55,000 (50,000-60,000) | 1.00 | 2.00 |" in page
    assert (
        "| scikit-learn logistic, 64 connections | ≥ 2 times | 2.25 times the best of the others (mlserver) | met |"
        in page
    )


def test_a_page_of_a_busy_machine_says_so(run: dict[str, Any]) -> None:
    busy = run | {"machine": run["machine"] | {"load_before": 3.0}}
    assert "The machine was busy" in markdown(busy)
    assert "The machine was busy" not in markdown(run)


def test_the_same_results_make_the_same_plots(run: dict[str, Any], tmp_path: Path) -> None:
    drawn = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        plots.write(json.loads(json.dumps(run)), folder)
        drawn.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert drawn[0].keys() == {"throughput.svg", "tails.svg", "memory.svg"}
    assert drawn[0] == drawn[1]
    assert b"MLServer (1.7.1)" in drawn[0]["memory.svg"]
