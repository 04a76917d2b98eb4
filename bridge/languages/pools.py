"""Pools: the workers that may answer for a model, those of its language or those of a group of its own.

A pool goes by one name everywhere: `r`, or `r-GROUP` where models have workers apart. A language's key has no hyphen.
"""

import re
from collections.abc import Iterable

from triglot.errors import ConfigError
from triglot.languages.known import LANGUAGES

OWN_GROUP = "own"  # what a configuration says for a group that is called as the model
LONGEST_GROUP = 40  # a worker's name has 64 characters, and a socket's path few more
_GROUP = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_-]{{0,{LONGEST_GROUP - 1}}}")
RULE = f"letters, digits, '-' and '_', at most {LONGEST_GROUP}, and no language's name"


def pool_of(language: str, group: str = "") -> str:
    """Return the name of the pool of a language's workers that belong to a group, or to none."""
    return f"{language}-{group}" if group else language


def language_of(pool: str) -> str:
    """Return the language of a pool's workers."""
    return pool.partition("-")[0]


def group_of(pool: str) -> str:
    """Return the group of a pool's workers; empty for those that all models of the language share."""
    return pool.partition("-")[2]


def spoken(pool: str) -> str:
    """Return a pool as a sentence has it."""
    return f"{language_of(pool)} in the group {group_of(pool)!r}" if group_of(pool) else pool


def in_order(pools: Iterable[str]) -> list[str]:
    """Return pools in the order of their languages, each language's shared workers first."""
    return sorted(pools, key=lambda pool: (LANGUAGES.index(language_of(pool)), group_of(pool)))


def is_group(name: object) -> bool:
    """Whether a group of workers may be called so."""
    return isinstance(name, str) and bool(_GROUP.fullmatch(name)) and name not in (*LANGUAGES, OWN_GROUP)


def check_group(name: str) -> str:
    """Return the name of a group, or raise `ConfigError` where none may be called so."""
    if not is_group(name):
        raise ConfigError(f"{name!r} is no name of a group of workers: use {RULE}")
    return name
