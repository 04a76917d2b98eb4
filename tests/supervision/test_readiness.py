"""What people are told of a service's models, as its front end says it."""

from typing import Any

import pytest

from tests.functional.running import free_port
from triglot.supervision.readiness import sentence, standings

BEGIN = "iris: version 2 is active and does not load"
END = " It is tried again by itself."
HELD = {"version": 2, "cause": "it has ended 6 workers", "next_try_s": 9}
TROUBLE = {"version": 2, "cause": "there is no package", "tries": 3, "next_try_s": 4}


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ({"version": 2, "workers": 1}, ""),
        (
            {"version": 1, "workers": 1, "not_loadable": TROUBLE},
            f"{BEGIN}: there is no package. Version 1 answers.{END}",
        ),
        (
            {"version": None, "workers": 0, "not_loadable": TROUBLE},
            f"{BEGIN}: there is no package. No version answers.{END}",
        ),
        (
            {"version": 2, "workers": 1, "not_loadable": TROUBLE},
            f"{BEGIN} in every worker: there is no package.{END}",
        ),
        (
            {"version": 2, "workers": 1, "quarantined": HELD},
            "iris: version 2 is in quarantine: it has ended 6 workers. It is tried again in 9 s.",
        ),
        (
            {"version": 2, "workers": 1, "quarantined": HELD | {"next_try_s": 0}},
            "iris: version 2 is in quarantine: it has ended 6 workers. It is tried again by the next request.",
        ),
    ],
)
def test_a_sentence_says_which_version_is_active_which_answers_and_why(model: dict[str, Any], told: str) -> None:
    assert sentence("iris", model) == told


def test_where_nobody_listens_nothing_is_known() -> None:
    assert standings(f"http://127.0.0.1:{free_port()}") is None
