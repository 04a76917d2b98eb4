"""`palladium.eval`: test and list, as functions; what they are not given comes from the configuration."""

from collections.abc import Sequence
from typing import Any

from triglot.config import args_from_config
from triglot.palladium.commands import command
from triglot.palladium.listing import listed
from triglot.palladium.project import model_name, workshop
from triglot.training import train
from triglot.training.entry import Entry
from triglot.training.evaluation import told

__all__ = ["list", "list_cmd", "test", "test_cmd"]

list_cmd, test_cmd = command("list"), command("test")


@args_from_config
def test(
    dataset_loader_test: Any,
    model_persister: Any,
    scoring: Any = None,  # noqa: PT028  # no test of pytest's
    model_version: int | None = None,  # noqa: PT028
) -> Sequence[str]:
    """Return the scores of a version, the active one by default, as 'name: value'."""
    entry = Entry(model_name(model_persister), model=None, train=None, test=dataset_loader_test)
    _, found = train.assess(entry, workshop(), model_persister, scoring, model_version)
    return told(found)


@args_from_config
def list(model_persister: Any) -> None:
    """Print what is known of the stored models, and the properties of the store."""
    print(listed(model_persister))
