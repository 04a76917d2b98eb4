"""Makes the pictures of the README anew, in docs/images: what the commands write, as a browser shows it.

scripts/with_env.sh python scripts/docs/pictures.py
"""

import contextlib
import os
import pty
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "images"
COLUMNS = 112
COLOURS = 256
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
        }
        models = ("iris-python", "iris-r", "iris-julia")
        for command in (["fit"], ["compare", *models, "--report", "compare.html"]):
            subprocess.run(["triglot", "--quiet", *command], cwd=folder, env=environ, check=True)
        photograph((folder / "compare.html").as_uri(), IMAGES / "compare.png", 1140, 735)
        console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"))  # noqa: SIM115
        console.print(Text.from_ansi(said(["triglot", "check", "iris-r"], folder, environ)))
        page = folder / "check.html"
        page.write_text(console.export_html(theme=MONOKAI, inline_styles=True), "utf-8")
        photograph(page.as_uri(), IMAGES / "check.png", 1100, 427)
        with serving(folder, environ) as address:
            photograph(f"{address}/docs#iris-r", IMAGES / "docs.png", 1140, 640)


def said(command: list[str], folder: Path, environ: dict[str, str]) -> str:
    """Return what a command writes to a terminal, the command itself above it."""
    master, slave = pty.openpty()
    variables = {**environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
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
    Image.open(image).convert("RGB").quantize(COLOURS).save(image, optimize=True)


if __name__ == "__main__":
    main()
