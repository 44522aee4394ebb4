"""Move the fragments of changelog.d/ into CHANGELOG.md under a version, grouped by type, and delete them.

python docs/collect_changelog.py 0.2.0 2026-11-29
"""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["collect", "items"]

ROOT = Path(__file__).parents[1]
TYPES = {"added": "Added", "changed": "Changed", "fixed": "Fixed", "removed": "Removed"}


def items(text: str) -> str:
    """Return a fragment as items of a list: each paragraph that is not an item becomes one."""
    done = []
    for paragraph in text.strip().split("\n\n"):
        first, *rest = paragraph.splitlines()
        is_list = first.startswith("- ")
        done += [first if is_list else f"- {first}", *(line if is_list else f"  {line.strip()}" for line in rest)]
    return "\n".join(done)


def collect(folder: Path, changelog: Path, version: str, day: str) -> int:
    """Write the section of a version above the older ones, delete the fragments, and return how many there were.

    A fragment of an unknown type, and a version that stands there already, are errors; then nothing is written.
    """
    fragments = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    unknown = [path.name for path in fragments if path.suffixes[-2:-1] not in [[f".{kind}"] for kind in TYPES]]
    if unknown:
        raise ValueError(f"fragments of an unknown type: {', '.join(unknown)}; the types are {', '.join(TYPES)}")
    head, *older = changelog.read_text(encoding="utf-8").split("\n## ")
    if any(section.startswith(f"{version} ") for section in older):
        raise ValueError(f"version {version} is in {changelog.name} already")
    section = [f"{version} ({day})"]
    for kind, title in TYPES.items():
        own = [path for path in fragments if path.suffixes[-2] == f".{kind}"]
        if own:
            section += [f"### {title}", "\n".join(items(path.read_text(encoding="utf-8")) for path in own)]
    changelog.write_text("\n## ".join([head.rstrip() + "\n", "\n\n".join(section) + "\n", *older]), encoding="utf-8")
    for path in fragments:
        path.unlink()
    return len(fragments)


if __name__ == "__main__":
    found = collect(ROOT / "changelog.d", ROOT / "CHANGELOG.md", *sys.argv[1:])
    print(f"{found} fragments moved into CHANGELOG.md")
