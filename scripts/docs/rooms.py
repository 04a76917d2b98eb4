"""Draws the packages of a checkout and their imports as an SVG: who imports stands above whom it imports.

scripts/with_env.sh python scripts/docs/rooms.py CHECKOUT PICTURE.svg

An arrow that others say together already is not drawn. It also prints how many rooms, floors and arrows there are. A
room is a package of the core, a single module of it, the front end, or a package of the workers; it stands one floor
above the highest of those that it imports.
"""

import sys
from collections.abc import Mapping
from graphlib import TopologicalSorter
from html import escape
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.arrows import Graph, closure, package_of, parsed, read, within

WIDTH, FLOOR, LINE, BOX, GAP, LETTER = 1280, 76, 36, 26, 10, 7.2  # pixels
COLOURS = {"triglot.server": "#c2410c", "triglot.workers": "#0f766e"}
CORE = "#1d4ed8"


def main(checkout: Path, picture: Path) -> None:
    """Draw one checkout."""
    graph = rooms(read(parsed(checkout)))
    floors = stacked(graph)
    picture.write_text(drawn(graph, floors), "utf-8")
    print(f"{len(graph)} rooms, {len(floors)} floors, {sum(map(len, graph.values()))} arrows: {picture}")


def rooms(modules: Graph) -> dict[str, set[str]]:
    """Return which room imports which; the package itself, which is empty, is none."""
    found: dict[str, set[str]] = {}
    for module, targets in modules.items():
        if (room := room_of(module)) != "triglot":
            reached = {room_of(target) for target in targets if target in modules}
            found.setdefault(room, set()).update(reached - {room, "triglot"})
    return found


def room_of(module: str) -> str:
    """Return the room of a module: the front end is one, of the workers each language's folder is."""
    if within(module, {"triglot.server"}):
        return "triglot.server"
    package = package_of(module)
    languages = {f"triglot.workers.{language}" for language in ("python", "r", "julia")}
    return package if package in languages or not within(module, {"triglot.workers"}) else "triglot.workers"


def stacked(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the floors, the lowest first."""
    floor: dict[str, int] = {}
    for room in TopologicalSorter(graph).static_order():
        floor[room] = max((floor[below] + 1 for below in graph[room]), default=0)
    return [sorted(room for room in floor if floor[room] == height) for height in range(max(floor.values()) + 1)]


def telling(graph: Mapping[str, set[str]], room: str) -> list[str]:
    """Return what a room imports, without what it could come to by way of the others."""
    return sorted(
        below for below in graph[room] if not any(below in closure(graph, other) for other in graph[room] - {below})
    )


def drawn(graph: Mapping[str, set[str]], floors: list[list[str]]) -> str:
    """Return the picture."""
    place: dict[str, tuple[float, float]] = {}
    y = 0
    for floor in reversed(floors):
        y += FLOOR - LINE
        for line in _lines(floor):
            y += LINE
            place |= {room: (x, y) for room, x in _spread(line)}
    height = y + LINE
    arrows = [_arrow(place[room], place[below]) for room in sorted(graph) for below in telling(graph, room)]
    boxes = [_box(room, *place[room]) for room in sorted(place)]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">'
    ground = f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
    return "\n".join([head, ground, *arrows, *boxes, "</svg>", ""])


def _lines(floor: list[str]) -> list[list[str]]:
    """Return the rooms of a floor in as many lines as the width wants."""
    lines: list[list[str]] = [[]]
    for room in floor:
        if lines[-1] and sum(map(_width, [*lines[-1], room])) + GAP * (len(lines[-1]) + 2) > WIDTH:
            lines.append([])
        lines[-1].append(room)
    return lines


def _spread(line: list[str]) -> list[tuple[str, float]]:
    """Return the rooms of a line with their middles, evenly apart."""
    free = (WIDTH - sum(map(_width, line))) / (len(line) + 1)
    found, x = [], 0.0
    for room in line:
        found.append((room, x + free + _width(room) / 2))
        x += free + _width(room)
    return found


def _label(room: str) -> str:
    return room.removeprefix("triglot.")


def _width(room: str) -> float:
    return len(_label(room)) * LETTER + 16


def _box(room: str, x: float, y: float) -> str:
    colour = next((colour for parent, colour in COLOURS.items() if within(room, {parent})), CORE)
    width = _width(room)
    text = f'<text x="{x:.0f}" y="{y + 4:.0f}" font-size="12" fill="#ffffff" text-anchor="middle">'
    place = f'x="{x - width / 2:.0f}" y="{y - BOX / 2:.0f}" width="{width:.0f}" height="{BOX}"'
    return f'<rect {place} rx="4" fill="{colour}"/>{text}{escape(_label(room))}</text>'


def _arrow(above: tuple[float, float], below: tuple[float, float]) -> str:
    (x, y), (to_x, to_y) = (above[0], above[1] + BOX / 2), (below[0], below[1] - BOX / 2)
    middle = (y + to_y) / 2
    path = f"M{x:.0f} {y:.0f}C{x:.0f} {middle:.0f} {to_x:.0f} {middle:.0f} {to_x:.0f} {to_y:.0f}"
    return f'<path d="{path}" fill="none" stroke="#64748b" stroke-opacity="0.35"/>'


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
