"""What mkdocs.yml hooks in: the README is the first page, and links to files of the repository lead to copies of them.

A link in docs/ is one that works where the files are read, too: `../examples/iris-r` is a folder beside docs/. In the
site the same file is a page (Markdown) or a plain file below `repository/`, so that nothing leads out of it.
"""

import posixpath
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
README = "README.md"
FOLDER = "repository"
ALWAYS = ("CONTRIBUTING.md", "CHANGELOG.md")
_SHIM = re.compile(r'https://[^"]+/iframe-worker/shim')  # what the theme would load from afar
_LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)([^)#\s]+)")


def on_files(files: Files, config: Any) -> Files:
    """Add the README and every file outside docs/ that a page links to, directly or by another page."""
    index = File.generated(config, "index.md", content=(ROOT / README).read_text("utf-8"))
    files.append(index)
    waiting = [*ALWAYS, *(_origin(page.src_uri) for page in files.documentation_pages())]
    seen: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        if not path.startswith("docs/") and path != README:
            level = InclusionLevel.INCLUDED if path in ALWAYS else InclusionLevel.NOT_IN_NAV
            added = File.generated(config, _uri(path), abs_src_path=str(ROOT / path), inclusion=level)
            files.append(added)
        if path.endswith(".md"):
            targets = [_target(path, link) for link in _LINK.findall((ROOT / path).read_text("utf-8"))]
            waiting += [target for target in targets if target and not target.startswith("docs/")]
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Return the page with its links to files of the repository changed to where these are in the site."""
    here = page.file.src_uri
    path = _origin(here)

    def moved(link: re.Match[str]) -> str:
        target = _target(path, link[1])
        return posixpath.relpath(_uri(target), posixpath.dirname(here) or ".") if target else link[1]

    return _LINK.sub(moved, markdown)


def _origin(uri: str) -> str:
    """Return the file of the repository that is the page or file `uri` of the site."""
    if uri == "index.md":
        return README
    return uri.removeprefix(f"{FOLDER}/") if uri.startswith(f"{FOLDER}/") else f"docs/{uri}"


def _uri(path: str) -> str:
    """Return where a file of the repository is in the site."""
    if path == README:
        return "index.md"
    return path.removeprefix("docs/") if path.startswith("docs/") else f"{FOLDER}/{path}"


def _target(path: str, link: str) -> str | None:
    """Return the file of the repository that a link means, of a folder its README; None where there is none."""
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), link))
    found = (ROOT / target).resolve()
    if not found.is_relative_to(ROOT):
        return None
    if found.is_dir():
        target = f"{target}/{README}"
    return target if (ROOT / target).is_file() else None


def on_post_page(output: str, page: Page, **_: Any) -> str:
    """Return the page with our own script in the place of the one that the theme would load from afar."""
    ours = posixpath.relpath("assets/frame-worker.js", posixpath.dirname(page.file.dest_uri) or ".")
    return _SHIM.sub(ours, output)


def on_post_template(output_content: str, **_: Any) -> str:
    """Do the same for the pages that are not made of a file."""
    return _SHIM.sub("/assets/frame-worker.js", output_content)


def on_post_build(config: Any) -> None:
    """Fail unless every link of every page leads to a place of the site that is there, and nothing loads from afar."""
    site = Path(config["site_dir"])
    pages = {path: _Page.read(path) for path in site.rglob("*.html")}
    wrong = []
    for path, page in pages.items():
        if path.name == "404.html":  # it is served anywhere, so its links begin at the root
            continue
        for link in page.links:
            url = urlsplit(link)
            if url.scheme in ("http", "https", "mailto", "javascript", "data"):
                continue
            target = (path.parent / unquote(url.path)).resolve() if url.path else path
            there = target.is_file() and (not url.fragment or target not in pages or url.fragment in pages[target].ids)
            if not there:
                wrong.append(f"{path.relative_to(site)}: {link} leads nowhere")
        for source in page.loads:
            if urlsplit(source).netloc or not (path.parent / unquote(urlsplit(source).path)).is_file():
                wrong.append(f"{path.relative_to(site)}: loads {source}, which is not of the site")
    if wrong:
        raise PluginError("\n".join(["the site is not whole:", *wrong]))


class _Page(HTMLParser):
    """What a page links to, what it loads, and the places in it that can be linked to."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids = {"__top"}

    @classmethod
    def read(cls, path: Path) -> "_Page":
        page = cls()
        page.feed(path.read_text("utf-8"))
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload"):
            self.loads.append(given.get("href", ""))
        elif "src" in given:
            self.loads.append(given["src"])
