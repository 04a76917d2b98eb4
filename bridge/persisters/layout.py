"""The layout of models in files: which file is where, and what the metadata file says. No input or output here.

For the path `d/m-{version}` one model has the files `d/m-1.pkl.gz`, `d/m-1-<attachment>` and `d/m-metadata.json`,
as Palladium has them. Every further model has the same with its own name between two `@` before the number, and
`d/m-@models.json` lists these names, because an HTTP server lists nothing.
"""

import base64
import binascii
import gzip
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from triglot.artefact import Artefact
from triglot.errors import ArtefactRefused, ConfigError, StoreError
from triglot.manifest import without_sources
from triglot.persister import ACTIVE, ATTACHMENT, ATTACHMENTS, VersionInfo, for_listing, names_of
from triglot.store.plain import to_json

DB_VERSION: Final = "1.2.4.1"  # the last release of Palladium whose form this is

_PLACEHOLDER: Final = "{version}"
_OURS: Final = "triglot"
_ACTIVE_MODEL: Final = "active-model"
_ALIAS: Final = "triglot-alias-"
_LAST_VERSION: Final = "triglot-last-version"
_OWNER: Final = "triglot-model"
_RESERVED: Final = frozenset({"version", "train_timestamp", ATTACHMENTS, _OURS})
_UNPORTABLE: Final = re.compile(r"[/\\?#%\x00-\x1f\x7f]")
_SAFE: Final = re.compile(r"[A-Za-z0-9._-]")

Entry = Mapping[str, Any]


class Layout:
    """Where the files of each model are, for a path with `{version}` in it. `place` is a model's, from `place_of`."""

    def __init__(self, template: str) -> None:
        if not isinstance(template, str) or _PLACEHOLDER not in template:
            raise ConfigError(
                f"the path {template!r} must contain '{_PLACEHOLDER}', as in 'models/iris-{_PLACEHOLDER}'"
            )
        self.template = template

    def place_of(self, model: str, owner: str) -> str:
        """Return the place of a model: the bare one for the owner of the bare files, else one of its own."""
        return "" if model == owner else f"@{_escaped(model)}@"

    def blob(self, place: str, version: int) -> str:
        """Return the path of a version's bytes."""
        return f"{self._at(f'{place}{version}')}.pkl.gz"

    def attachment(self, place: str, version: int, key: str) -> str:
        """Return the path of an attachment; raises `StoreError` for a name that is more than a file's."""
        name = key.removeprefix(ATTACHMENT)
        if not name or _UNPORTABLE.search(name):
            raise StoreError(f"{key!r} cannot be a file's name; use '{ATTACHMENT}' and a name without / \\ ? # %")
        return f"{self._at(f'{place}{version}')}-{name}"

    def metadata(self, place: str) -> str:
        """Return the path of a model's metadata."""
        return f"{self._at(f'{place}metadata')}.json"

    @property
    def index(self) -> str:
        """The path of the list of models that have places of their own."""
        return f"{self._at('@models')}.json"

    @property
    def lock(self) -> str:
        """The path of the file that writers lock."""
        return self._at("@lock")

    def _at(self, what: str) -> str:
        return self.template.replace(_PLACEHOLDER, what)


@dataclass(frozen=True)
class Document:
    """What one metadata file says. `entries` are ascending by version; entries that Palladium wrote are kept."""

    entries: tuple[Entry, ...] = ()
    properties: Mapping[str, str] | None = None
    is_old: bool = False

    @classmethod
    def parse(cls, data: bytes, where: str) -> "Document":
        """Return the document of these bytes; the bare list that Palladium wrote before 1.0 becomes what 1.0 made."""
        content = _json(data, where)
        old = isinstance(content, list)
        models = content if old else content.get("models")
        properties = {} if old else content.get("properties", {})
        if not isinstance(models, list) or not isinstance(properties, dict):
            raise _damaged(where, "it is not a list of versions with properties")
        if not all(isinstance(entry, dict) and type(entry.get("version")) is int for entry in models):
            raise _damaged(where, "a version in it has no number")
        entries = sorted(models, key=lambda entry: int(entry["version"]))
        if old:
            properties = {"db-version": DB_VERSION}
            properties |= {_ACTIVE_MODEL: entries[-1]["version"]} if entries else {}
        return cls(tuple(entries), {str(key): str(value) for key, value in properties.items()}, old)

    def to_bytes(self) -> bytes:
        """Return the file's content, indented as Palladium does."""
        properties = {"db-version": DB_VERSION} | dict(self.properties or {})
        return json.dumps({"models": self.entries, "properties": properties}, indent=4).encode()

    @property
    def owner(self) -> str | None:
        """The name of the model whose files these are, where Triglot has written it down."""
        return (self.properties or {}).get(_OWNER)

    @property
    def versions(self) -> list[int]:
        """The numbers of all versions, ascending."""
        return [entry["version"] for entry in self.entries]

    @property
    def last_version(self) -> int:
        """The largest number that was ever used, as far as it is known."""
        known = (self.properties or {}).get(_LAST_VERSION, "0")
        return max([int(known) if known.isdecimal() else 0, *self.versions])

    @property
    def aliases(self) -> dict[str, int]:
        """The versions by alias."""
        found = {}
        for key, value in (self.properties or {}).items():
            alias = ACTIVE if key == _ACTIVE_MODEL else key.removeprefix(_ALIAS) if key.startswith(_ALIAS) else None
            if alias is not None and value.isdecimal() and int(value) in self.versions:
                found[alias] = int(value)  # Palladium may leave the number of a deleted version behind
        return found

    def entry(self, version: int | None) -> Entry | None:
        """Return a version's entry, the active one's for None, or None where there is none."""
        wanted = self.aliases.get(ACTIVE) if version is None else version
        return next((entry for entry in self.entries if entry["version"] == wanted), None)

    def with_entry(self, entry: Entry, owner: str) -> "Document":
        """Return the document with one more version."""
        entries = sorted([*self.entries, entry], key=lambda entry: int(entry["version"]))
        last = str(max(self.last_version, entry["version"]))
        return self._with({_LAST_VERSION: last, _OWNER: owner}, tuple(entries))

    def without(self, version: int) -> "Document":
        """Return the document without a version, whose number stays used."""
        entries = tuple(entry for entry in self.entries if entry["version"] != version)
        return self._with({_LAST_VERSION: str(self.last_version)}, entries)

    def with_alias(self, alias: str, version: int | None) -> "Document":
        """Return the document with an alias pointing at a version, or with None without the alias."""
        key = _ACTIVE_MODEL if alias == ACTIVE else f"{_ALIAS}{alias}"
        if version is not None:
            return self._with({key: str(version)}, self.entries)
        kept = {name: value for name, value in (self.properties or {}).items() if name != key}
        return replace(self, properties=kept, is_old=False)

    def _with(self, properties: Mapping[str, str], entries: tuple[Entry, ...]) -> "Document":
        merged = {"db-version": DB_VERSION} | dict(self.properties or {}) | dict(properties)
        return Document(entries, merged)


def parse_index(data: bytes, where: str) -> list[str]:
    """Return the names of the models that have places of their own."""
    content = _json(data, where)
    names = content.get("models") if isinstance(content, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _damaged(where, "it is not a list of names")
    return names


def index_bytes(names: Sequence[str]) -> bytes:
    """Return the file that lists these names."""
    return json.dumps({"models": sorted(names)}, indent=4).encode()


def make_entry(
    model: str,
    artefact: Artefact,
    metrics: Mapping[str, Any] | None,
    metadata: Mapping[str, Any] | None,
    identity: str,
    created: datetime,
) -> dict[str, Any]:
    """Return the entry of a new version, still without its number.

    Scores and metadata stand under their own names, where Palladium puts them; those whose names are taken, and what
    only Triglot knows, stand under the one key `triglot`.
    """
    scores = json.loads(to_json(metrics, "metrics"))
    rest = for_listing(json.loads(to_json(metadata, "metadata")))
    attachments = rest.pop(ATTACHMENTS, [])
    shown = {key: value for key, value in scores.items() if key not in _RESERVED}
    shown_rest = {key: value for key, value in rest.items() if key not in _RESERVED and key not in shown}
    ours = {
        "model": model,
        "manifest": artefact.manifest.decode("utf-8"),
        "signature": base64.b64encode(artefact.signature).decode("ascii"),
        "size": len(artefact.blob),
        "created": created.isoformat(timespec="microseconds"),
        "id": identity,
        "metrics": sorted(shown),
        "hidden_metrics": {key: value for key, value in scores.items() if key not in shown},
        "hidden_metadata": {key: value for key, value in rest.items() if key not in shown_rest},
    }
    entry = {"train_timestamp": created.astimezone().replace(tzinfo=None).isoformat(), **shown, **shown_rest}
    return entry | ({ATTACHMENTS: attachments} if attachments else {}) | {_OURS: ours}


def identity_of(entry: Entry) -> str | None:
    """Return what tells one write from every other; None where Palladium wrote."""
    return str(entry[_OURS].get("id")) if is_ours(entry) else None


def is_ours(entry: Entry) -> bool:
    """Tell whether Triglot wrote a version; Palladium's are bare pickles."""
    return isinstance(entry.get(_OURS), dict)


def artefact_of(entry: Entry, blob: bytes) -> Artefact:
    """Return a version's artefact from its entry and its bytes."""
    ours = entry[_OURS]
    try:
        signature = base64.b64decode(ours["signature"], validate=True)
        return Artefact(ours["manifest"].encode("utf-8"), blob, signature)
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise ArtefactRefused(
            f"its entry in the metadata is damaged ({error!r}); restore the file from a backup or fit the model again"
        ) from None


def parts_of(entry: Entry) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return an entry's metrics and metadata; of attachments the metadata has the keys alone."""
    ours = entry[_OURS] if is_ours(entry) else {}
    named = ours.get("metrics", [key for key in ("score_train", "score_test") if key in entry])
    plain = {key: value for key, value in entry.items() if key not in _RESERVED}
    metrics = {key: plain.pop(key) for key in named if key in plain} | ours.get("hidden_metrics", {})
    if not is_ours(entry) and "train_timestamp" in entry:
        plain["train_timestamp"] = entry["train_timestamp"]
    if attachments := attachments_of(entry):
        plain[ATTACHMENTS] = attachments
    return metrics, plain | ours.get("hidden_metadata", {})


def attachments_of(entry: Entry) -> list[str]:
    """Return the keys of a version's attachments."""
    keys = entry.get(ATTACHMENTS, [])
    return [str(key) for key in keys] if isinstance(keys, list) else []


def info_of(model: str, entry: Entry, aliases: Mapping[str, int]) -> VersionInfo:
    """Return what a listing shows of an entry; one that Palladium wrote has no card."""
    ours = entry[_OURS] if is_ours(entry) else {}
    card: Mapping[str, Any]
    try:
        card = artefact_of(entry, b"").card() if ours else {}
    except ArtefactRefused:
        card = {}  # one damaged entry must not hide the others from the person who looks for it
    metrics, metadata = parts_of(entry)
    return VersionInfo(
        model=model,
        version=entry["version"],
        language=str(card.get("language", "python")),
        task=str(card.get("task", "unknown")),
        created=created_of(entry),
        size=int(ours.get("size", 0)),
        sha256=str(card.get("blob_sha256", "")),
        card=without_sources(card),
        metrics=metrics,
        metadata=metadata,
        aliases=names_of(aliases, entry["version"]),
    )


def created_of(entry: Entry) -> datetime:
    """Return when a version was written, or fitted where Palladium wrote it."""
    text = entry[_OURS].get("created") if is_ours(entry) else entry.get("train_timestamp")
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return found.astimezone(UTC)  # without a zone it is local time, which Palladium writes


def decoded(key: str, value: Any) -> bytes:
    """Return an attachment's bytes from its base64 text."""
    try:
        return base64.b64decode(value, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise StoreError(f"metadata.{key} is not base64 text; encode the file's bytes with base64") from None


def encoded(data: bytes) -> str:
    """Return bytes as an attachment's base64 text."""
    return base64.b64encode(data).decode("ascii")


def zipped(blob: bytes) -> bytes:
    """Return the bytes as they stand in a `.pkl.gz` file."""
    return gzip.compress(blob, compresslevel=6, mtime=0)


def unzipped(data: bytes) -> bytes:
    """Return the bytes that `zipped` got; raises `ArtefactRefused` for damaged ones."""
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise ArtefactRefused(
            f"its bytes are damaged ({error}); restore the file from a backup or fit the model again"
        ) from None


def _escaped(model: str) -> str:
    """Return a name that file systems, URLs and buckets take as it is."""
    return "".join(
        letter if _SAFE.fullmatch(letter) else "".join(f"={byte:02X}" for byte in letter.encode("utf-8"))
        for letter in model
    )


def _json(data: bytes, where: str) -> Any:
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _damaged(where, str(error)) from None
    if not isinstance(content, dict | list):
        raise _damaged(where, "it is neither an object nor a list")
    return content


def _damaged(where: str, why: str) -> StoreError:
    return StoreError(f"{where} cannot be read: {why}; restore it from a backup")
