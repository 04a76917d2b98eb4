"""The images: what is in them, what they weigh, and how a container of them lives and ends."""

import re
import time
from pathlib import Path

import pytest

from tests.helpers import KEY, until
from tests.image.conftest import FIGURES, FIT, IMAGE, PREDICT, SHOP, TAGS, Container, dockerize, serve
from tests.image.engine import ROOT, Engine

MB = 1e6
LIMITS = {"python": 450 * MB, "latest": 1300 * MB}
IRIS = {"sepal length": 5.1, "sepal width": 3.5, "petal length": 1.4, "petal width": 0.2}
TOOTH = {"supp": "VC", "dose": 1.0}
LANGUAGES = ("python", "r", "julia")
COMPILERS = ("gcc", "g++", "cc", "c++", "gfortran", "make", "ld", "as", "clang")


def answers(container: Container) -> tuple[object, ...]:
    """Return one answer of each language."""
    found = container.predict("python", IRIS), container.predict("r", TOOTH), container.predict("julia", IRIS)
    return found[0], round(found[1], 6), found[2]


EXPECTED = ("Iris-setosa", 16.963333, "Iris-setosa")


@pytest.mark.parametrize("tag", TAGS)
def test_an_image_is_as_small_as_it_was_promised(docker: Engine, tag: str) -> None:
    size = docker.inspect(f"{IMAGE}:{tag}", ".Size")
    FIGURES[f"{IMAGE}:{tag} (MB)"] = round(size / MB)

    assert size <= LIMITS.get(tag, LIMITS["latest"])


@pytest.mark.parametrize("image", [f"{IMAGE}:latest", PREDICT])
def test_no_compiler_no_cache_and_no_key_is_left_in_an_image(docker: Engine, image: str) -> None:
    look = f"""
        for tool in {" ".join(COMPILERS)}; do command -v $tool; done
        find /root /tmp /run /var/lib/apt/lists /var/cache/apt /var/log -type f ! -name '.bashrc' ! -name '.profile'
        find / -xdev -type f ! -path '/etc/ssl/*' \\
            '(' -name '*.key' -o -name '*.key_secret' -o -name '*.pem' -o -name 'id_rsa*' ')'
        grep -rl '{KEY.decode()}' /app /data /model /etc /opt/triglot/share
    """
    found = docker.run("run", "--rm", "--user", "0", image, "sh", "-c", f"{{ {look} }} 2>/dev/null", check=False)

    assert found == ""


@pytest.mark.parametrize("image", [f"{IMAGE}:{tag}" for tag in TAGS] + [SHOP, PREDICT, FIT])
def test_nobody_special_runs_in_an_image(docker: Engine, image: str) -> None:
    assert docker.inspect(image, ".Config.User") == "10001:10001"
    assert docker.inspect(image, ".Config.Entrypoint") == ["/usr/bin/tini", "--"]


def test_a_store_may_be_in_postgresql(docker: Engine) -> None:
    assert docker.run("run", "--rm", f"{IMAGE}:python", "python", "-c", "import psycopg; print(psycopg.pq.version())")


def test_a_container_answers_in_three_languages_within_seconds_and_everything_runs(shop: Container) -> None:
    FIGURES["container start to all three languages answering (s)"] = round(shop.wait(), 1)

    assert answers(shop) == EXPECTED
    states = [line.split()[1] for line in shop.run("supervisorctl", "status").splitlines()]
    assert states == ["RUNNING"] * 4
    until(lambda: shop.engine.inspect(shop.name, ".State.Health.Status") == "healthy", 30)
    assert shop.run("id", "-u") == "10001"


def test_the_first_answer_comes_soon_after_the_start(docker: Engine) -> None:
    made = serve(docker, PREDICT, "--env", f"TRIGLOT_SIGNING_KEY={KEY.decode()}")
    try:
        while True:
            try:
                if made.ask("/models/python/predict", [IRIS])[0] == 200:
                    break
            except OSError:
                time.sleep(0.05)
        FIGURES["container start to first answer (s)"] = round(time.monotonic() - made.started, 1)
        made.wait()
        docker.run("stop", "--time", "90", made.name)
        assert docker.inspect(made.name, ".State.ExitCode") == 0
        assert "drained" in docker.run("logs", made.name)
    finally:
        docker.run("rm", "--force", made.name)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_worker_that_is_killed_inside_costs_no_answer(shop: Container, language: str) -> None:
    shop.wait()
    before = shop.pid(f"workers-{language}:{language}-0")
    shop.kill(before)

    assert answers(shop) == EXPECTED
    until(lambda: shop.pid(f"workers-{language}:{language}-0") not in (0, before))


def test_what_dies_without_a_parent_is_reaped(shop: Container) -> None:
    shop.run("sh", "-c", "(sleep 0.1 &) ; (sleep 0.2 &)")
    time.sleep(0.5)

    # the state is the third field, after a name in brackets
    states = shop.run("sh", "-c", "cat /proc/[0-9]*/stat").splitlines()
    assert states[0].startswith("1 (tini) ")
    assert not [line for line in states if line.rpartition(")")[2].split()[0] == "Z"]


def test_workers_are_added_and_taken_away_inside(shop: Container) -> None:
    shop.wait()
    before = shop.pid("workers-r:r-0")
    assert shop.run("triglot", "scale", "r=2") == "r: r-0 r-1"
    assert shop.ask("/ready")[1]["models"]["r"]["workers"] == 2
    assert shop.run("triglot", "scale", "r=1") == "r: r-0"
    assert shop.pid("workers-r:r-0") == before


def test_the_memory_of_a_container_has_its_limit_and_beyond_it_one_worker_goes_and_not_the_service(
    shop: Container,
) -> None:
    shop.wait()
    eat = "import sys; print(len(bytearray(3 * 10**9)))"
    said = shop.engine.run("exec", shop.name, "python", "-c", eat, check=False)

    assert "3000000000" not in said
    shop.wait()
    assert answers(shop) == EXPECTED


def test_a_crash_loop_turns_the_health_of_the_container_and_says_why(shop: Container) -> None:
    shop.wait()
    for _ in range(5):
        until(lambda: shop.pid("workers-python:python-0") != 0, 30)
        shop.kill(shop.pid("workers-python:python-0"))
        time.sleep(1.2)
    until(lambda: shop.engine.inspect(shop.name, ".State.Health.Status") == "unhealthy", 30)

    said = shop.engine.inspect(shop.name, ".State.Health.Log")[-1]["Output"]
    assert re.match(r"unhealthy: workers-python:python-0 crashes again and again: \d times in 60 s, last with ", said)
    assert shop.ask("/alive")[0] == 503
    assert shop.predict("r", TOOTH) == pytest.approx(EXPECTED[1])
    shop.engine.run("stop", "--time", "90", shop.name)
    assert shop.engine.inspect(shop.name, ".State.ExitCode") == 1
    assert said.strip() in shop.engine.run("logs", shop.name)


def test_a_base_that_is_not_there_is_said_and_nothing_is_built(docker: Engine, folder: Path) -> None:
    done = dockerize(docker, folder, f"{IMAGE}:gone", "test/never:1")

    assert done.returncode == 1
    assert f"there is no base image '{IMAGE}:gone' here, and it cannot be pulled: " in done.stderr
    assert not docker.has("test/never:1")


def test_one_image_fits_and_another_serves_what_it_stored(docker: Engine) -> None:
    docker.run("volume", "create", "shop-data")
    try:
        docker.run("run", "--rm", "--volume", "shop-data:/data", FIT)
        made = serve(docker, SHOP, "--volume", "shop-data:/data")
        try:
            made.wait()
            assert answers(made) == EXPECTED
        finally:
            docker.run("rm", "--force", made.name)
    finally:
        docker.run("volume", "rm", "--force", "shop-data")


@pytest.mark.parametrize(
    ("tag", "example", "row"), [("python", "iris-python", IRIS), ("r", "tooth-r", TOOTH), ("julia", "iris-julia", IRIS)]
)
def test_the_image_of_one_language_serves_it(docker: Engine, tag: str, example: str, row: dict[str, object]) -> None:
    made = serve(
        *(docker, f"{IMAGE}:{tag}", "--volume", f"{ROOT / 'examples'}:/examples:ro"),
        *("--env", f"TRIGLOT_CONFIG=/examples/{example}/triglot-config.py"),
    )
    try:
        made.run("triglot", "fit")
        made.wait()
        assert made.predict(example, row)
    finally:
        docker.run("rm", "--force", made.name)
