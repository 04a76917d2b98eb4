"""A bundle is read where its signature holds and it is whole, and nowhere else."""

import stat
from pathlib import Path

import pytest

from tests.helpers import KEY
from tests.scoring.versions import frozen
from triglot.errors import ArtefactRefused, BadRequest
from triglot.scoring.bundle import MAGIC, is_bundle, read_bundle
from triglot.scoring.source import BundleFile, held

OTHER_KEY = b"a key of somebody else's, as long as ours"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "iris.bundle"
    frozen("python")[0].write(made, KEY)
    return made


def test_a_bundle_gives_back_the_version_that_was_put_in(path: Path) -> None:
    assert read_bundle(path, KEY) == frozen("python")[0]
    assert is_bundle(path)
    assert not is_bundle(Path(__file__))
    assert not is_bundle(path.parent)
    assert stat.S_ISREG(path.stat().st_mode)
    assert [each.name for each in path.parent.iterdir()] == ["iris.bundle"]


def test_a_bundle_of_another_key_is_refused_and_says_what_to_do(path: Path) -> None:
    with pytest.raises(ArtefactRefused, match=r"no signature that holds.*TRIGLOT_SIGNING_KEY_FILE"):
        read_bundle(path, OTHER_KEY)
    with pytest.raises(ArtefactRefused, match="signature does not hold"):
        frozen("python")[0].write(path, OTHER_KEY)


def test_a_bundle_with_one_changed_byte_is_refused_wherever_it_is(path: Path) -> None:
    whole = path.read_bytes()
    for place in [*range(0, 400, 7), *range(400, len(whole), 97), len(whole) - 1]:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(ArtefactRefused):
            read_bundle(path, KEY)


def test_a_bundle_that_was_cut_off_or_has_more_is_refused(path: Path) -> None:
    whole = path.read_bytes()
    for size in (0, 5, len(MAGIC), len(MAGIC) + 2, len(MAGIC) + 9, 300, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(ArtefactRefused, match=r"cut off|is no bundle"):
            read_bundle(path, KEY)
    path.write_bytes(whole + b"!")
    with pytest.raises(ArtefactRefused, match="cut off, or changed"):
        read_bundle(path, KEY)


def test_what_is_no_bundle_or_not_there_is_said_so(path: Path) -> None:
    path.write_text("size,kind\n")
    with pytest.raises(ArtefactRefused, match="is no bundle of Triglot; make one with: triglot export"):
        read_bundle(path, KEY)
    with pytest.raises(BadRequest, match="cannot be read: No such file"):
        read_bundle(path.with_name("none"), KEY)


def test_a_source_fetches_once_and_refuses_a_file_that_was_exchanged(path: Path) -> None:
    source = BundleFile.of(path, KEY)
    assert held(source, KEY) is held(BundleFile.of(path, KEY), KEY)

    frozen("julia")[0].write(path, KEY)
    with pytest.raises(ArtefactRefused, match="is another one than when the work began"):
        source.fetch(KEY)
    assert BundleFile.of(path, KEY) != source
