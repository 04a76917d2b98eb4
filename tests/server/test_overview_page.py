"""The page at `/`, in a real browser that reaches nothing but the service."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from tests.accessibility.environments import violations
from tests.browser import Tab, tab
from tests.helpers import KEY, until
from tests.server.conftest import COLUMNS, DATA, FLOWER, TIMEOUT_S
from triglot.artefact import seal
from triglot.dataset import CSV
from triglot.dispatch.blocking import Client
from triglot.drift.terms import DriftTerms
from triglot.server.app import Options, create_app
from triglot.serving.service import Service
from triglot.store import ModelStore
from triglot.supervision.status import note_programs
from triglot.tables.frames import to_table

TOKEN = "the token of this test"
HOSTILE = "<img src=x onerror=alert(1)>/../?#%41 'é\"[red]"
ENTER, ESCAPE, TAB = ("Enter", 13, "\r"), ("Escape", 27), ("Tab", 9)
SAID = "the log <b>of a fit</b>"


class Place:
    """A service with a page: where it is, and what it is made of."""

    def __init__(self, address: str, store: ModelStore, service: Service) -> None:
        self.address = address
        self.store = store
        self.service = service


@pytest.fixture(scope="module")
def place(models: ModelStore, run_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Hold a service that listens: two versions of a model, one of a hostile name, and a real worker."""
    store = ModelStore(f"sqlite:///{tmp_path_factory.mktemp('page') / 'models.db'}")
    artefact = models.read("iris", 1).artefact
    for score in (0.91, 0.97):
        store.write("iris", artefact, metrics={"score_train": 0.99, "score_test": score})
    store.write(HOSTILE, artefact)
    store.activate("iris", 2)
    store.activate("iris", 1, "rival")
    store.activate(HOSTILE, 1)
    service = Service(store, Client(run_dir), drift=DriftTerms(share=1, least_rows=1_000))
    app = create_app(service, Options(timeout_s=TIMEOUT_S, admin_token=TOKEN), store.jobs)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Place(f"http://127.0.0.1:{server.port}", store, service)
    server.shutdown()
    thread.join()
    server.server_close()
    service.close()
    store.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Tab]:
    """Hold a page of a browser."""
    with tab() as opened:
        opened.call("Page.addScriptToEvaluateOnNewDocument", source=_WATCH)
        yield opened


@pytest.fixture
def browser(chromium: Tab, place: Place) -> Iterator[Tab]:
    """Hold the page as somebody finds it who opens it; whatever a test does, no policy is violated."""
    chromium.open("about:blank")
    chromium.asked.clear()
    chromium.complaints.clear()
    chromium.open(f"{place.address}/")
    chromium.wait(f"location.origin === {json.dumps(place.address)} && document.readyState === 'complete'")
    chromium.run("sessionStorage.clear()")
    chromium.open(f"{place.address}/?anew")
    chromium.wait("location.search === '?anew' && !document.querySelector('#seen').hidden")
    yield chromium
    assert chromium.run("window.violations") == []
    assert [each for each in chromium.complaints if "responded with a status" not in each] == []
    assert {address.partition("/page/")[0].split("/")[2] for address in chromium.asked} == {place.address[7:]}


_WATCH = (
    "window.violations = []; addEventListener('securitypolicyviolation', "
    "(event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));"
)


def of(selector: str) -> str:
    return f"document.querySelector({json.dumps(selector)})"


def there(selector: str) -> str:
    """Return the condition that an element is there and can be seen."""
    return f"Boolean({of(selector)}?.checkVisibility())"


def text(selector: str) -> str:
    return f"{of(selector)}.innerText"


def texts(selector: str) -> str:
    return f"[...document.querySelectorAll({json.dumps(selector)})].map((each) => each.innerText.trim())"


def click(browser: Tab, words: str, within: str = "body") -> None:
    """Press a button that can be seen, by its words."""
    named = f"each.innerText.trim() === {json.dumps(words)} && each.checkVisibility()"
    found = f"[...{of(within)}.querySelectorAll('button, a')].find((each) => {named})"
    browser.wait(f"Boolean({found})")
    browser.run(f"{found}.click()")


def enter_token(browser: Tab, token: str = TOKEN) -> None:
    """Enter a token into the dialog that is open."""
    browser.wait(f"{of('#token')}.open")
    browser.type("#authorization", token)
    browser.press(*ENTER)


def test_models_workers_and_condition_are_there_and_names_are_text(browser: Tab, place: Place) -> None:
    assert browser.wait(texts("#models tbody th")) == [HOSTILE, "iris"]
    assert browser.run("document.images.length") == 0
    cells = browser.run(texts("#models tbody:last-of-type td"))
    assert cells[1:5] == ["2", "python", "rival 1", "test score 0.97"]
    assert browser.run(texts("#processes tbody td"))[:2] == ["python worker, not supervised here", "ready"]
    assert browser.run("document.title").endswith("Triglot")
    assert browser.run(text("#condition")) in ("well", "unwell")  # a worker may be loading


def test_numbers_come_alive_while_the_service_is_asked(browser: Tab, place: Place) -> None:
    asking = f"fetch('models/iris/predict', {{method: 'POST', body: JSON.stringify([{json.dumps(FLOWER)}]), "
    asking += "headers: {'Content-Type': 'application/json'}}).then((answer) => answer.status)"
    assert browser.run(asking) == 200

    browser.wait(f"{text('#tiles .value')} !== '0' && {of('.line')}.getAttribute('points')")
    browser.wait(f"{texts('#tiles .value')}[1].endsWith('ms')")
    assert browser.run(texts("#tiles dt")) == ["Requests", "Latency", "Batch", "Errors", "Memory"]


def test_a_model_is_opened_and_asked_by_the_keyboard_alone(browser: Tab) -> None:
    browser.press(*TAB)
    assert browser.run("document.activeElement.className") == "skip"
    until(lambda: _tabbed(browser) == "iris")
    browser.press(*ENTER)
    assert browser.wait(f"document.activeElement.id === 'model-name' && {text('#model-name')}") == "iris"
    browser.wait(there("#field-0"))
    until(lambda: _tabbed(browser, "document.activeElement.id") == "field-0")
    browser.run("document.activeElement.select()")
    browser.call("Input.insertText", text="5.1")
    until(lambda: _tabbed(browser, "document.activeElement.id") == "proba")
    browser.press(*ENTER)

    assert browser.wait(text("#result")).startswith("Iris-")
    bars = browser.run("[...document.querySelectorAll('#shares meter')].map((each) => each.value)")
    assert sum(bars) == pytest.approx(1.0)
    assert browser.run(text("#shares tr.best th")) == browser.run(text("#result"))


def _tabbed(browser: Tab, what: str = "document.activeElement.innerText") -> Any:
    browser.press(*TAB)
    return browser.run(what)


def test_a_version_is_activated_and_rolled_back_by_whoever_is_sure_and_has_the_token(
    browser: Tab, place: Place
) -> None:
    browser.run("location.hash = '#/iris'")
    click(browser, "Roll back", "#versions")
    assert browser.wait(f"{of('#sure')}.open && {text('#question')}") == "Roll iris back to version 1?"
    browser.press(*ESCAPE)
    browser.wait(f"!{of('#sure')}.open")
    assert place.store.active()["iris"] == 2

    click(browser, "Roll back", "#versions")
    click(browser, "Roll back", "#sure")
    enter_token(browser, "wrong")
    assert "401" in browser.wait(text("#notice"))
    assert place.store.active()["iris"] == 2
    click(browser, "Key in use")
    enter_token(browser)
    click(browser, "Roll back", "#versions")
    click(browser, "Roll back", "#sure")
    browser.wait(f"{text('#notice')} === 'Version 1 of iris is active.'")
    assert place.store.active()["iris"] == 1
    click(browser, "Activate", "#versions")
    click(browser, "Activate", "#sure")
    browser.wait(f"{text('#notice')} === 'Version 2 of iris is active.'")
    browser.wait(f"{texts('#versions tbody:nth-of-type(1) .tag')}[0] === 'active'")
    assert place.store.active()["iris"] == 2


def test_the_token_is_kept_in_the_tab_and_forgotten_when_asked_to(browser: Tab) -> None:
    click(browser, "Enter key")
    enter_token(browser)
    browser.wait(f"{text('#enter')} === 'Key in use'")
    assert browser.run("Object.values(sessionStorage)") == [f"Bearer {TOKEN}"]
    assert browser.run("[localStorage.length, document.cookie]") == [0, ""]
    assert browser.run(f"{of('#authorization')}.value") == ""

    click(browser, "Key in use")
    click(browser, "Forget the one in use")
    browser.wait(f"{text('#enter')} === 'Enter key'")
    assert browser.run("sessionStorage.length") == 0


def test_a_job_is_told_with_its_progress_and_log_and_is_cancelled(browser: Tab, place: Place) -> None:
    jobs = place.store.jobs
    job = jobs.submit("fit", {})
    jobs.claim("runner")
    jobs.beat(job.id, "runner", SAID)
    jobs.note(job.id, {"step": "load", "number": 2, "of": 4, "rows": 700})

    assert browser.wait(text("#jobs .progress")) == "step 2 of 4, load, 700 rows"
    assert browser.run(f"[{of('progress')}.value, {of('progress')}.max]") == [1, 4]
    click(browser, "Log", "#jobs")
    enter_token(browser)
    browser.wait(f"{text('#jobs pre')} === {json.dumps(SAID)}")
    assert browser.run(f"{of('#jobs pre')}.childElementCount") == 0
    click(browser, "Cancel", "#jobs")
    click(browser, "Cancel the job", "#sure")
    browser.wait(f"{texts('#jobs tbody td')}[1] === 'cancelling'")
    assert jobs.get(job.id).state == "cancelling"
    jobs.end(job.id, "runner", "cancelled", "")


def test_a_supervised_program_has_a_button_that_restarts_it(browser: Tab, place: Place, run_dir: Path) -> None:
    note_programs(run_dir, {"web": {"pid": 0, "starts": 3, "exits": {}}})
    try:
        browser.wait(f"{texts('#processes tbody th')}.includes('web')")
        click(browser, "Restart", "#processes")
        click(browser, "Restart", "#sure")
        enter_token(browser)
        assert "Not done." in browser.wait(text("#notice"))  # nobody really supervises it here
    finally:
        (run_dir / "programs.json").unlink()


def test_a_trouble_is_told_by_word_and_shape_with_what_to_do(browser: Tab, place: Place) -> None:
    card = {
        "language": "julia",
        "task": "regression",
        "spec": {},
        "sources": {},
        "runtime": {},
        "created": "2026-01-01",
    }
    place.store.write("nobody", seal({**card, "schema": [], "classes": None}, b"x", KEY))
    place.store.activate("nobody", 1)
    try:
        told = browser.wait(f"{texts('#trouble-list li')}.find((each) => each.includes('nobody'))")
        assert "no worker of julia has it loaded" in told
        assert "triglot doctor julia" in told
        assert browser.run(text("#condition")) == "unwell"
        assert browser.run("document.title") == "unwell: Triglot"
    finally:
        place.store.deactivate("nobody")
        place.store.delete("nobody", 1)


def test_who_pauses_it_sees_it_stand_still(browser: Tab) -> None:
    click(browser, "Pause")
    assert browser.run(f"{of('#pause')}.getAttribute('aria-pressed')") == "true"
    browser.run("new Promise((done) => setTimeout(done, 100))")
    seen = len([each for each in browser.asked if each.endswith("/overview")])
    browser.run("new Promise((done) => setTimeout(done, 2500))")
    assert len([each for each in browser.asked if each.endswith("/overview")]) == seen


def test_what_drifts_is_told_by_its_columns_beside_what_does_not(browser: Tab, place: Place) -> None:
    served = place.service.served("iris")
    assert served.watched is not None
    assert place.service.rows_asked is not None
    browser.run("location.hash = '#/iris'")
    browser.wait(f"{text('#drift-facts')}.includes('from 1,000 on they are compared')")
    assert browser.run(there("#drift table")) is False

    training = CSV(str(DATA), "species", names=COLUMNS).frame()[0]
    training["petal width"] += 0.7
    for _ in range(10):
        place.service.rows_asked.note(served.watched, to_table(training))

    browser.wait(f"{texts('#drift tbody th')}.length === 4")
    assert browser.run(texts("#drift tbody th"))[0] == "petal width"
    assert browser.run(texts("#drift .mark")) == ["drifts", *["as in training"] * 3]
    index, *shares = browser.run(texts("#drift tbody:nth-of-type(1) .number"))
    assert float(index) > 0.2
    assert shares == ["0 %", "0 %", "\N{EN DASH}"]
    assert float(browser.run(texts("#drift tbody:nth-of-type(2) .number"))[0]) < 0.2
    assert browser.run(text("#drift-facts")).endswith("compared with training")
    told = browser.wait(f"{texts('#trouble-list li')}.find((each) => each.includes('petal width'))")
    assert "triglot fit iris" in told


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_that_keeps_people_out(browser: Tab, scheme: str) -> None:
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.wait(there("#models tbody"))
    assert violations(browser) == []

    browser.run("location.hash = '#/iris'")
    browser.wait(there("#field-0"))
    browser.run(f"{of('#proba')}.click()")
    browser.wait(there("#shares"))
    assert violations(browser) == []
    click(browser, "Enter key")
    browser.wait(f"{of('#token')}.open")
    assert violations(browser) == []
    browser.press(*ESCAPE)


@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_is_wider_than_the_screen(browser: Tab, width: int) -> None:
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
    for hash_ in ("#/", "#/iris"):
        browser.run(f"location.hash = {json.dumps(hash_)}")
        browser.wait(there("#field-0") if "iris" in hash_ else there("#models tbody"))
        assert browser.run("document.documentElement.scrollWidth") <= width
    browser.call("Emulation.clearDeviceMetricsOverride")
