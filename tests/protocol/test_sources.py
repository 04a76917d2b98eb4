from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triglot.errors import BadRequest
from triglot.protocol.sources import (
    MAX_BYTES,
    collect,
    collect_project,
    declared_files,
    fingerprint,
    lay_out,
    project_file,
    project_root,
)

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


def project(folder: Path, manifest: str, name: str = "Manifest.toml", own: str = "Project.toml") -> Path:
    """Make a project with this manifest, its files under these names, and two packages beside it; return its script."""
    for package in ("shades", "tints"):
        (folder / package / "src").mkdir(parents=True)
        (folder / package / own).write_text(f'name = "{package}"\n')
        (folder / package / "src" / f"{package}.jl").write_text(f"module {package}\nend\n")
    (folder / "model").mkdir()
    (folder / "model" / own).write_text("[deps]\n")
    (folder / "model" / name).write_text(manifest)
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


@pytest.mark.parametrize(
    "name", ["JuliaManifest-v1.12.toml", "Manifest-v1.12.toml", "JuliaManifest.toml", "Manifest-v1.6.toml"]
)
def test_a_manifest_may_have_any_name_that_some_julia_reads(tmp_path: Path, name: str) -> None:
    _, sources = collect_project(project(tmp_path, '[[shades]]\npath = "../shades"\n', name, "JuliaProject.toml"))
    ours = {f"model/{name}", "model/JuliaProject.toml", "model/model.jl"}
    assert set(sources) == ours | {"shades/JuliaProject.toml", "shades/src/shades.jl"}


def test_the_packages_of_all_manifests_of_a_project_come_along(tmp_path: Path) -> None:
    script = project(tmp_path, '[[shades]]\npath = "../shades"\n')
    (script.parent / "Manifest-v1.12.toml").write_text('[[tints]]\npath = "../tints"\n')
    (script.parent / "Manifest-old.toml").write_text('[[gone]]\npath = "../gone"\n')
    _, sources = collect_project(script)
    assert {"shades/src/shades.jl", "tints/src/tints.jl"} <= set(sources)


@pytest.mark.parametrize("name", ["Project.toml", "JuliaProject.toml"])
def test_a_project_is_known_by_either_of_its_names(tmp_path: Path, name: str) -> None:
    write(tmp_path, {name: "name = 'M'", "src/M.jl": "module M end"})
    assert project_root(tmp_path / "src" / "M.jl") == tmp_path
    assert project_file(tmp_path) == tmp_path / name
    (tmp_path / "JuliaProject.toml").touch()
    assert project_file(tmp_path) == tmp_path / "JuliaProject.toml"


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


def test_of_a_language_without_a_suffix_here_the_script_is_collected_alone(tmp_path: Path) -> None:
    (tmp_path / "model.rb").write_text("class Model; end")
    (tmp_path / "other.rb").write_text("class Other; end")
    assert collect("ruby", tmp_path / "model.rb") == {"model.rb": "class Model; end"}


def test_declared_files_are_laid_out_as_bytes_and_always_in_a_copy(tmp_path: Path) -> None:
    write(tmp_path / "own", {"model.R": "1"})
    (tmp_path / "own" / "rates.bin").write_bytes(b"\xff\x00")
    sources = {"model.R": "1", "rates.bin": "/wA="}
    spec = {"files": ["rates.bin"]}
    copy = lay_out(sources, str(tmp_path / "own"), tmp_path / "scratch", declared_files(spec, sources))
    assert copy != tmp_path / "own"
    assert (copy / "rates.bin").read_bytes() == b"\xff\x00"
    assert (copy / "model.R").read_text() == "1"


def test_declared_files_that_are_none_of_the_model_s_or_no_base64_are_refused(tmp_path: Path) -> None:
    assert declared_files({}, MODEL) == ()
    for names in ("model.R", ["gone.csv"], [1]):
        with pytest.raises(BadRequest, match="must be a list of names that are among the model's files"):
            declared_files({"files": names}, MODEL)
    with pytest.raises(BadRequest, match=r"files: 'model\.R' is not in base64"):
        lay_out({"model.R": "ü"}, "", tmp_path, ["model.R"])
