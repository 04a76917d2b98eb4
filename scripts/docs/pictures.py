"""Makes the pictures of the documents anew, in docs/images: what the commands write, as a browser shows it.

scripts/with_env.sh python -m scripts.docs.pictures
"""

import base64
import contextlib
import json
import math
import os
import pty
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from tests.browser import Tab, tab
from triglot.supervision.status import programs

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "images"
COLUMNS = 112
COLOURS = 256
TOKEN = "the token of whoever takes pictures"
WATCHED_S, LAST_S = 100, 20  # so long the lines of the page grow
# As root, and without a word to anybody: the pages load nothing either.
BROWSER = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars")
BROWSER += ("--disable-background-networking", "--disable-component-update", "--disable-sync")


def main() -> None:
    """Fit the three iris models in a folder of their own, and take the pictures."""
    with tempfile.TemporaryDirectory(prefix="triglot-pictures-") as name:
        folder = Path(name)
        environ = {
            **os.environ,
            "TRIGLOT_CONFIG": str(ROOT / "examples" / "demo-config.py"),
            "TRIGLOT_DEMO_DB": str(folder / "demo.db"),
            "TRIGLOT_DEMO_RUN": str(folder / "run"),
            "TRIGLOT_ADMIN_TOKEN": TOKEN,
        }
        models = ("iris-python", "iris-r", "iris-julia")
        for command in (["fit"], ["compare", *models, "--report", "compare.html"]):
            subprocess.run(["triglot", "--quiet", *command], cwd=folder, env=environ, check=True)
        photograph((folder / "compare.html").as_uri(), IMAGES / "compare.png", 1140, 735)
        photograph_words(["triglot", "check", "iris-r"], folder, environ, 427)
        for command in (["fit", "iris-r"], ["activate", "1", "iris-r", "--alias", "challenger"]):
            subprocess.run(["triglot", "--quiet", *command], cwd=folder, env=environ, check=True)
        with serving(folder, environ) as address:
            photograph(f"{address}/docs#iris-r", IMAGES / "docs.png", 1140, 640)
            with asking(address, models), tab() as page:
                photograph_the_service(page, address, folder)
                photograph_words(["triglot", "status"], folder, environ, 470, columns=140)


def photograph_the_service(page: Tab, address: str, folder: Path) -> None:
    """Take the pictures of its page, after some minutes in which it was asked, and had a worker killed."""
    size = {"width": 1280, "deviceScaleFactor": 1, "mobile": False}
    page.call("Emulation.setDeviceMetricsOverride", height=800, **size)
    page.open(address)
    page.wait("!document.querySelector('#seen').hidden")
    time.sleep(WATCHED_S - LAST_S)
    os.kill(programs(folder / "run")["workers-julia:julia-0"]["pid"], signal.SIGKILL)
    for model in ("iris-julia", "iris-python"):
        change(f"{address}/fit?model={model}&activate=0")
    time.sleep(LAST_S)
    change(f"{address}/fit?model=iris-r&activate=0")
    page.wait("Boolean(document.querySelector('progress:not([hidden])'))")
    keep(page, IMAGES / "page.png", size)
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    page.run("location.hash = '#/iris-r'")
    page.wait("Boolean(document.querySelector('#proba'))")
    page.run("document.querySelector('#proba').click()")
    page.wait("Boolean(document.querySelector('#shares'))")
    keep(page, IMAGES / "page-model.png", size)


def keep(page: Tab, image: Path, size: dict[str, Any]) -> None:
    """Take a picture of all of a page, in few colours."""
    page.run("document.activeElement.blur()")
    height = page.run("document.documentElement.scrollHeight")
    page.call("Emulation.setDeviceMetricsOverride", height=height, **size)
    image.write_bytes(base64.b64decode(page.call("Page.captureScreenshot", format="png")["data"]))
    with_few_colours(image)


def change(address: str) -> None:
    """Ask for what only an operator may."""
    request = urllib.request.Request(address, method="POST", headers={"Authorization": f"Bearer {TOKEN}"})
    urllib.request.urlopen(request).close()


@contextlib.contextmanager
def asking(address: str, models: Sequence[str]) -> Iterator[None]:
    """Have models asked meanwhile, some rows at a time, now more and now less."""
    over = threading.Event()
    row = {"sepal length": 5.2, "sepal width": 3.5, "petal length": 1.5, "petal width": 0.2}

    def ask(model: str, number: int) -> None:
        started = time.monotonic()
        while not over.wait(0.02 * (number + 1) * (1.5 + math.sin((time.monotonic() - started) / 9 + number))):
            body = json.dumps([row] * random.randint(1, 4 + 2 * number)).encode()
            request = urllib.request.Request(f"{address}/models/{model}/predict", body)
            request.add_header("Content-Type", "application/json")
            with contextlib.suppress(OSError):
                urllib.request.urlopen(request).close()

    threads = [threading.Thread(target=ask, args=(model, number)) for number, model in enumerate(models)]
    for thread in threads:
        thread.start()
    yield
    over.set()
    for thread in threads:
        thread.join()


def photograph_words(
    command: list[str], folder: Path, environ: dict[str, str], height: int, columns: int = COLUMNS
) -> None:
    """Take a picture of what a command writes to a terminal."""
    console = Console(record=True, width=columns, file=open(os.devnull, "w"))  # noqa: SIM115
    console.print(Text.from_ansi(said(command, folder, environ, columns)))
    page = folder / "words.html"
    page.write_text(console.export_html(theme=MONOKAI, inline_styles=True), "utf-8")
    photograph(page.as_uri(), IMAGES / f"{command[1]}.png", 1100 * columns // COLUMNS, height)


def said(command: list[str], folder: Path, environ: dict[str, str], columns: int) -> str:
    """Return what a command writes to a terminal, the command itself above it."""
    master, slave = pty.openpty()
    variables = {**environ, "TERM": "xterm-256color", "COLUMNS": str(columns)}
    with subprocess.Popen(
        command, cwd=folder, env=variables, stdin=slave, stdout=slave, stderr=subprocess.DEVNULL
    ) as process:
        os.close(slave)
        written = b""
        try:
            while piece := os.read(master, 4096):
                written += piece
        except OSError:  # a terminal that nobody writes to any more
            pass
        os.close(master)
    assert process.returncode == 0, written.decode()
    return f"$ {' '.join(command)}\n" + written.decode().replace("\r\n", "\n")


@contextlib.contextmanager
def serving(folder: Path, environ: dict[str, str]) -> Iterator[str]:
    """Hold the address of a service of what was fitted in a folder, once it is ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["triglot", "--quiet", "serve", "--port", str(port)]
    with subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.DEVNULL) as process:
        address = f"http://127.0.0.1:{port}"
        while not is_ready(address):
            assert process.poll() is None, "the service has ended"
            time.sleep(0.5)
        yield address
        process.terminate()


def is_ready(address: str) -> bool:
    """Whether a service says that all of its models are loaded."""
    try:
        with urllib.request.urlopen(f"{address}/ready") as answer:
            return answer.status == 200
    except OSError:
        return False


def photograph(address: str, image: Path, width: int, height: int) -> None:
    """Take a picture of the beginning of a page, in few colours."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    assert browser, "there is no chromium: apt-get install chromium"
    image.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        size = (f"--user-data-dir={profile}", f"--window-size={width},{height}", f"--screenshot={image}")
        size += ("--virtual-time-budget=5000",)  # for what a page loads after itself
        subprocess.run([browser, *BROWSER, *size, address], check=True, capture_output=True, timeout=60)
    with_few_colours(image)


def with_few_colours(image: Path) -> None:
    """Make a picture a small file."""
    Image.open(image).convert("RGB").quantize(COLOURS).save(image, optimize=True)


if __name__ == "__main__":
    main()
