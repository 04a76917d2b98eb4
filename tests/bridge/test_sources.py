from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triglot.errors import BadRequest
from triglot.sources import MAX_BYTES, collect, collect_project, fingerprint, lay_out

MODEL = {"model.R": "source('lib/help.R')\n", "lib/help.R": "help <- 1  # süß\n"}


def write(folder: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, "utf-8")


def test_the_script_and_the_files_of_its_language_are_collected_by_relative_name(tmp_path: Path) -> None:
    write(tmp_path, {**MODEL, "data.csv": "1", "other.jl": "1", ".git/x.R": "1", "__pycache__/x.R": "1"})
    assert collect("r", tmp_path / "model.R") == MODEL


def test_a_script_of_any_suffix_is_collected(tmp_path: Path) -> None:
    write(tmp_path, {"model.txt": "fit <- 1"})
    assert collect("r", tmp_path / "model.txt") == {"model.txt": "fit <- 1"}


def test_a_julia_project_is_collected_with_its_project_file(tmp_path: Path) -> None:
    write(tmp_path, {"Project.toml": "name = 'M'", "src/M.jl": "module M end", "src/notes.R": "1"})
    assert set(collect("julia", tmp_path / "src" / "M.jl", tmp_path)) == {"Project.toml", "src/M.jl"}


def test_a_script_that_is_missing_or_not_utf8_is_refused_and_other_files_are_passed_by(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="there is no file"):
        collect("r", tmp_path / "model.R")
    (tmp_path / "model.R").write_bytes(b"x <- '\xe9'")
    with pytest.raises(BadRequest, match="save it as UTF-8"):
        collect("r", tmp_path / "model.R")
    (tmp_path / "good.R").write_text("1")
    assert collect("r", tmp_path / "good.R") == {"good.R": "1"}


def test_a_folder_with_too_much_in_it_is_refused_with_the_remedy(tmp_path: Path) -> None:
    write(tmp_path, {"model.R": "1", "big.R": "#" * MAX_BYTES})
    with pytest.raises(BadRequest, match="a folder of their own"):
        collect("r", tmp_path / "model.R")


files = st.dictionaries(st.text("abc./", min_size=1, max_size=5), st.text(max_size=5), max_size=3)


@given(files, files)
def test_a_fingerprint_stands_for_exactly_these_files_in_any_order(one: dict[str, str], other: dict[str, str]) -> None:
    assert (fingerprint(one) == fingerprint(other)) == (one == other)
    assert fingerprint(dict(reversed(one.items()))) == fingerprint(one)


def test_the_authors_own_folder_is_used_while_it_holds_these_very_files(tmp_path: Path) -> None:
    write(tmp_path / "own", MODEL)
    assert lay_out(MODEL, str(tmp_path / "own"), tmp_path / "scratch") == tmp_path / "own"
    assert not (tmp_path / "scratch").exists()


def test_an_edited_script_does_not_change_a_version_that_is_stored(tmp_path: Path) -> None:
    write(tmp_path / "own", {**MODEL, "model.R": "edited"})
    folder = lay_out(MODEL, str(tmp_path / "own"), tmp_path / "scratch")
    assert folder != tmp_path / "own"
    assert {name: (folder / name).read_text("utf-8") for name in MODEL} == MODEL
    assert lay_out(MODEL, str(tmp_path / "own"), tmp_path / "scratch") == folder


def test_a_host_without_the_authors_folder_gets_a_copy(tmp_path: Path) -> None:
    for folder in ("", str(tmp_path / "gone")):
        copy = lay_out(MODEL, folder, tmp_path / "scratch")
        assert (copy / "lib" / "help.R").read_text("utf-8") == MODEL["lib/help.R"]


@pytest.mark.parametrize("name", ["../x.R", "/tmp/triglot-test-x.R", "a/../../x.R"])
def test_a_source_that_would_lie_outside_is_refused_and_nothing_is_left(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadRequest, match="may not lie outside"):
        lay_out({name: "1"}, "", tmp_path / "scratch")
    assert not (tmp_path / "x.R").exists()
    assert not Path("/tmp/triglot-test-x.R").exists()
    assert list((tmp_path / "scratch").iterdir()) == []


def project(folder: Path, manifest: str) -> Path:
    """Make a project with this manifest, and two packages beside it; return its script."""
    for name in ("shades", "tints"):
        (folder / name / "src").mkdir(parents=True)
        (folder / name / "Project.toml").write_text(f'name = "{name}"\n')
        (folder / name / "src" / f"{name}.jl").write_text(f"module {name}\nend\n")
    (folder / "model").mkdir()
    (folder / "model" / "Project.toml").write_text("[deps]\n")
    (folder / "model" / "Manifest.toml").write_text(manifest)
    script = folder / "model" / "model.jl"
    script.write_text("fit(X, y) = 1\n")
    return script


@pytest.mark.parametrize(
    "manifest",
    ['[[shades]]\npath = "../shades"\n', 'manifest_format = "2.0"\n\n[[deps.shades]]\npath = "../shades"\n'],
    ids=["before Julia 1.7", "since"],
)
def test_packages_that_a_manifest_names_by_path_come_along_and_no_others(tmp_path: Path, manifest: str) -> None:
    folder, sources = collect_project(project(tmp_path, manifest))
    assert folder == tmp_path
    ours = {"model/Manifest.toml", "model/Project.toml", "model/model.jl"}
    assert set(sources) == ours | {"shades/Project.toml", "shades/src/shades.jl"}


def test_packages_inside_the_project_or_of_the_host_change_nothing(tmp_path: Path) -> None:
    manifest = '[[inner]]\npath = "deps/inner"\n\n[[far]]\npath = "/opt/far"\n\n[[Random]]\nuuid = "9a3f"\n'
    folder, sources = collect_project(project(tmp_path, manifest))
    assert folder == tmp_path / "model"
    assert set(sources) == {"Manifest.toml", "Project.toml", "model.jl"}


@pytest.mark.parametrize(
    ("manifest", "part"),
    [
        ('[[outer]]\npath = ".."\n', "lies in itself"),
        ("[[", "not TOML"),
        ('[[gone]]\npath = "../gone"\n', "gone.*no Project.toml"),
    ],
    ids=["a package around the project", "no TOML", "a package that is not there"],
)
def test_a_manifest_that_cannot_be_followed_is_refused(tmp_path: Path, manifest: str, part: str) -> None:
    with pytest.raises(BadRequest, match=part):
        collect_project(project(tmp_path, manifest))
