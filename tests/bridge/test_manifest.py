"""What a version says of itself, by type; and who may say that it is verified."""

import pytest

from tests.helpers import KEY
from triglot.artefact import seal
from triglot.errors import ArtefactRefused
from triglot.manifest import Manifest, ManifestFields, UnverifiedManifest, without_sources
from triglot.tables.labels import Labels
from triglot.tables.schema import Schema

SCHEMA = [{"name": "x", "kind": "float64"}]
WHOLE = {
    "language": "r",
    "task": "classification",
    "spec": {"fit": "fit"},
    "sources": {"a.R": "fit <- lm"},
    "runtime": {"language": "4.5.0"},
    "created": "2026-01-01T00:00:00+00:00",
    "schema": SCHEMA,
    "classes": ["no", "yes"],
    "cv_results": [1],
}


def test_only_what_was_verified_is_of_the_type_that_a_loader_takes() -> None:
    artefact = seal(WHOLE, b"model", KEY)
    card, manifest = artefact.card(), artefact.verified(KEY)

    assert type(card) is UnverifiedManifest
    assert type(manifest) is Manifest
    assert not isinstance(card, Manifest)
    assert dict(card) == dict(manifest)
    with pytest.raises(ArtefactRefused, match="signature does not hold"):
        artefact.verified(b"another key of sixteen bytes")


def test_fields_have_types_and_what_is_not_known_is_kept() -> None:
    manifest = seal(WHOLE, b"model", KEY).verified(KEY)

    assert (manifest.language, manifest.task, manifest.created) == ("r", "classification", WHOLE["created"])
    assert (manifest.spec, manifest.sources) == ({"fit": "fit"}, {"a.R": "fit <- lm"})
    assert manifest.runtime == {"language": "4.5.0"}
    assert manifest.schema.to_json() == Schema.from_json(SCHEMA).to_json()
    assert manifest.labels == Labels(("no", "yes"))
    assert (manifest.batch, manifest.golden, manifest.attributes) == (True, None, None)
    assert manifest["cv_results"] == [1]
    assert len(manifest.blob_sha256) == 64


def test_a_model_that_answers_numbers_has_no_labels() -> None:
    assert ManifestFields({"classes": None}).labels is None
    assert ManifestFields({}).classes is None


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("language", 5, "'language' of the artefact's manifest is of type int, not text; fit the model again"),
        ("task", "clustering", "'task' of the artefact's manifest is 'clustering', not classification or regression"),
        ("spec", [], "'spec' of the artefact's manifest is of type list, not an object"),
        ("schema", "x", "'schema' of the artefact's manifest is of type str, not a list"),
        ("classes", "ab", "'classes' of the artefact's manifest is of type str, not a list"),
        ("golden", 1, "'golden' of the artefact's manifest is of type int, not an object"),
        ("attributes", 1, "'attributes' of the artefact's manifest is of type int, not an object"),
    ],
)
def test_a_field_of_another_type_is_refused_by_its_name(name: str, value: object, said: str) -> None:
    with pytest.raises(ArtefactRefused) as refused:
        getattr(ManifestFields({name: value}), name)
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize("name", ["language", "task", "created", "spec", "sources", "runtime", "schema", "blob_sha256"])
def test_a_field_that_is_missing_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(ArtefactRefused, match=f"'{name}' of the artefact's manifest is missing; fit the model again"):
        getattr(UnverifiedManifest({}), name)


def test_a_listing_keeps_all_but_the_authors_files() -> None:
    assert dict(without_sources(UnverifiedManifest(WHOLE))) == {k: v for k, v in WHOLE.items() if k != "sources"}
