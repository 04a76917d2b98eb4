"""Deployment files as text: JSON for Marathon, YAML for the others, the same text for the same values."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import yaml

_PLAIN: Final = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*(?::[A-Za-z0-9_./-]+)*")
# Words that one or the other reader of YAML takes for something else than text.
_NOT_TEXT: Final = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


class _Dumper(yaml.SafeDumper):
    """Quotes every text that YAML 1.1 or 1.2 could take for a number, a truth value or nothing."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    if "\n" in text:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")
    plain = _PLAIN.fullmatch(text) and text.lower() not in _NOT_TEXT
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Dumper.add_representer(str, _represent)


def to_json(value: Mapping[str, Any]) -> str:
    """Return the text of one JSON file."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def to_yaml(documents: Iterable[Mapping[str, Any]]) -> str:
    """Return the text of one YAML file with one or more documents."""
    return "---\n".join(
        yaml.dump(dict(each), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000) for each in documents
    )
