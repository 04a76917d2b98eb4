"""Names that documents and examples had before: what imports them goes on working."""

import importlib

import pytest

FORMER = {
    "triglot.fitting": {"Bench": "triglot.training.fit_worker", "bench": "triglot.training.fit_worker"},
    "triglot.service": {"Prediction": "triglot.serving.service", "Service": "triglot.serving.service"},
    "triglot.session": {"close": "triglot.estimators.session"},
    "triglot.sklearn_base": {"AuthorWarning": "triglot.estimators.base"},
}


@pytest.mark.parametrize("former", FORMER)
def test_a_former_name_is_the_same_object(former: str) -> None:
    for name, module in FORMER[former].items():
        assert getattr(importlib.import_module(former), name) is getattr(importlib.import_module(module), name)


def test_what_documents_name_is_where_estimators_are() -> None:
    from triglot import estimators
    from triglot.estimators import base, session

    assert estimators.AuthorWarning is base.AuthorWarning
    assert estimators.close is session.close
