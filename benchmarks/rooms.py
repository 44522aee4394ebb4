"""The shape of the source before and after: rooms, floors, circles, largest file; and what a kind of change touches.

    python benchmarks/rooms.py [REVISION ...]

Counts the files of the package in each revision of the checkout (by default the last one before the rooms, and the newest). An import
counts wherever it stands, in functions and for typing too. Floors are rooms that stand above one another: the longest chain of imports
between folders.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
BEFORE = "d147df9~1"
HOME = "src/churnpredict/"


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def sources(revision: str) -> dict[str, str]:
    """Source of each module of the package in a revision, by its name."""
    paths = [p for p in git("ls-tree", "-r", "--name-only", revision, HOME).splitlines() if p.endswith(".py")]
    named = {p.removeprefix("src/").removesuffix(".py").removesuffix("/__init__").replace("/", "."): p for p in paths}
    return {name: git("show", f"{revision}:{path}") for name, path in named.items()}


def imports(text: str, names: set[str]) -> set[str]:
    """Modules of the package that a source imports, wherever."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("churnpredict"):
            found |= {f"{node.module}.{a.name}" if f"{node.module}.{a.name}" in names else str(node.module) for a in node.names}
        elif isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
    return found & names


def reach(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """What each node can get to."""
    found = {name: set(targets) for name, targets in graph.items()}
    for through in graph:
        for targets in found.values():
            targets.update(found[through] if through in targets else ())
    return found


def shape(revision: str) -> dict[str, object]:
    """The figures of one revision."""
    texts = {n: t for n, t in sources(revision).items() if n != "churnpredict"}
    names = set(texts)
    graph = {name: imports(text, names) - {name} for name, text in texts.items()}
    reached = reach(graph)
    folders = {".".join(n.split(".")[1:-1]) or "(top)" for n in names}
    rooms = {name: name.split(".")[1] for name in names if name.split(".")[1] in {f.split(".")[0] for f in folders}}
    between = {room: {rooms[t] for n in rooms if rooms[n] == room for t in graph[n] if t in rooms} - {room} for room in set(rooms.values())}
    climbs = reach(between)
    clear = {room for room in between if room not in climbs[room]}
    floor: dict[str, int] = {}
    for room in sorted(clear, key=lambda r: len(climbs[r] & clear)):
        floor[room] = 1 + max((floor.get(below, 0) for below in between[room] & clear), default=0)
    lines = {name: text.count("\n") for name, text in texts.items()}
    most = max(folders, key=lambda f: sum((".".join(n.split(".")[1:-1]) or "(top)") == f for n in names))
    largest = max(lines, key=lambda n: lines[n])
    return {
        "modules": len(names),
        "rooms (folders of the package)": len(between),
        "most modules in one folder": f"{sum((('.'.join(n.split('.')[1:-1])) or '(top)') == most for n in names)} ({most})",
        "floors": max(floor.values(), default=0),
        "files in a circle": sum(name in reached[name] for name in names),
        "largest file, lines": f"{lines[largest]} ({largest.removeprefix('churnpredict.')})",
        "files over 330 lines": sum(n > 330 for n in lines.values()),
        "files over 550 lines": sum(n > 550 for n in lines.values()),
    }


def main() -> None:
    """Print the figures of the revisions side by side."""
    revisions = sys.argv[1:] or [BEFORE, "HEAD"]
    found = [shape(revision) for revision in revisions]
    print(f"{'':<32}", *(f"{r:<34}" for r in revisions))
    for key in found[0]:
        print(f"{key:<32}", *(f"{figures[key]!s:<34}" for figures in found))


if __name__ == "__main__":
    main()
