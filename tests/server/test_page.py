"""The page at /docs, in a real browser that reaches nothing but the service."""

import json
import threading
from collections.abc import Iterator

import pytest
from werkzeug.serving import make_server

from tests.browser import Tab, tab
from tests.server.conftest import Open
from triglot.server.documents import TITLE

ENTER = ("Enter", 13, "\r")


@pytest.fixture
def address(open_app: Open) -> Iterator[str]:
    """Hold the address of a service that listens."""
    server = make_server("127.0.0.1", 0, open_app().application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def browser() -> Iterator[Tab]:
    """Hold a page of a browser."""
    with tab() as opened:
        yield opened


def of(selector: str) -> str:
    return f"document.querySelector({json.dumps(selector)})"


def test_a_model_is_chosen_asked_by_the_keyboard_and_its_answer_and_curl_line_are_shown(
    address: str, browser: Tab
) -> None:
    browser.open(f"{address}/docs#iris")

    assert browser.wait(f"{of('#name')}.textContent") == "iris"
    assert browser.run("document.title") == TITLE
    assert browser.run("[...document.querySelectorAll('nav a')].map((link) => link.textContent)") == [
        "fruit",
        "iris",
        "ja-nein",
        "moody",
        "pair",
    ]
    assert browser.run(f"{of('#classes')}.textContent") == "Classes: Iris-setosa, Iris-versicolor, Iris-virginica"
    browser.type("#field-2", "1.4")
    browser.type("#field-3", "0.2")
    browser.press(*ENTER)
    assert browser.wait(f"{of('#result')}.textContent") == "Iris-setosa"
    assert browser.run(f"{of('#status')}.textContent") == "200"
    command = browser.run(f"{of('#command')}.textContent")
    assert f"'{address}/models/iris/predict'" in command
    assert '"petal width":0.2' in command
    assert {place.split("/")[2] for place in browser.asked} == {address.removeprefix("http://")}
    assert browser.complaints == []


def test_probabilities_stand_below_the_class_with_a_row_for_each(address: str, browser: Tab) -> None:
    browser.open(f"{address}/docs/#iris")
    browser.wait(f"{of('#name')}.textContent")

    browser.run(f"{of('#proba')}.click()")

    assert browser.wait(f"{of('#shares')}.rows.length") == 3
    shown = browser.run("[...document.querySelectorAll('meter')].map((each) => each.value)")
    assert sum(shown) == pytest.approx(1.0)
    best = browser.run(f"{of('tr.best th')}.textContent")
    assert best == browser.run(f"{of('#result')}.textContent")
    assert f"'{address}/models/iris/predict?proba=true'" in browser.run(f"{of('#command')}.textContent")


def test_clients_of_other_servers_are_told_where_they_find_the_model(address: str, browser: Tab) -> None:
    browser.open(f"{address}/docs#iris")
    browser.wait(f"{of('#name')}.textContent")

    told = browser.run(
        "Object.fromEntries([...document.querySelectorAll('#addresses dt')].map("
        "(each) => [each.textContent, each.nextSibling.textContent]))"
    )

    assert told["Triton"] == f"{address.removeprefix('http://')}, model iris"
    assert told["KServe"] == f"{address}, model iris"
    assert told["MLflow"] == f"{address}/models/iris/invocations"
    assert told["vetiver"] == f"{address}/vetiver/iris/predict"
    assert browser.run(f"{of('#addresses a')}.href") == f"{address}/models/iris/openapi.json"


@pytest.mark.parametrize("width", [320, 1200])
def test_nothing_is_wider_than_the_screen(address: str, browser: Tab, width: int) -> None:
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
    browser.open(f"{address}/docs#iris")
    browser.wait(f"{of('#name')}.textContent")
    browser.run(f"{of('#ways')}.open = true")
    browser.run(f"{of('#proba')}.click()")
    browser.wait(f"{of('#shares')}.rows.length")

    card = browser.run(f"{of('article')}.getBoundingClientRect().right")

    wide = "[...document.querySelectorAll('article *')].filter((each) => !each.closest('pre')"
    assert browser.run(f"{wide} && each.getBoundingClientRect().right > {card}).map((each) => each.outerHTML)") == []
    assert browser.run("document.documentElement.scrollWidth") <= width


def test_what_does_not_fit_is_said_beside_its_field(address: str, browser: Tab) -> None:
    browser.open(f"{address}/docs#fruit")
    browser.wait(f"{of('#name')}.textContent")
    assert browser.run(f"[...{of('#field-0')}.options].map((each) => each.value)") == ["", "яблоко", "Birne"]

    browser.type("#field-2", "1.5")
    browser.press(*ENTER)

    assert "whole number" in browser.wait(f"{of('#field-2-problem')}.textContent")
    assert browser.run(f"{of('#field-2')}.getAttribute('aria-invalid')") == "true"
    assert browser.run(f"{of('#status')}.textContent") == "400"


def test_every_field_has_a_name_for_whoever_listens(address: str, browser: Tab) -> None:
    browser.open(f"{address}/docs#fruit")
    browser.wait(f"{of('#name')}.textContent")

    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]

    wanted = {"textbox", "combobox", "button", "link"}
    found = [
        (node["role"]["value"], node["name"]["value"]) for node in nodes if node.get("role", {}).get("value") in wanted
    ]
    names = [name for _, name in found]
    assert all(names)
    assert any(name.startswith("größe float") for name in names)
    assert ("button", "Predict") in found
