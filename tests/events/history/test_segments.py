"""Segments on disk: what is damaged or of another version is read again."""

from __future__ import annotations

import hashlib
import json

import pytest
from tests.events.history.test_kept_tables import MARKS, from_scratch, seen
from tests.laws.days import Sources

from churnpredict.errors import ChurnWarning
from churnpredict.events.history import segments

pytestmark = MARKS


@pytest.mark.parametrize("harm", ["flipped", "cut", "gone", "manifest", "version", "library"])
def test_what_is_damaged_or_of_another_version_is_read_again(sources: Sources, harm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen(sources)
    home = sources.home.parent / "history"
    first = sorted((home / "rows").iterdir())[0]
    manifest = home / "manifest.json"
    if harm == "flipped":
        content = bytearray(first.read_bytes())
        content[len(content) // 2] ^= 1
        first.write_bytes(content)
    elif harm == "cut":
        first.write_bytes(first.read_bytes()[:-1])
    elif harm == "gone":
        first.unlink()
    elif harm == "manifest":
        manifest.write_text(manifest.read_text().replace('"partitions": 2', '"partitions": 3'))
    elif harm == "library":
        monkeypatch.setattr("churnpredict.events.history.versions.version", lambda name: "0.0")
    else:
        told = json.loads(manifest.read_text()) | {"version": 99}
        del told["sha256"]
        manifest.write_text(json.dumps({**told, "sha256": hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()}))
    with pytest.warns(ChurnWarning, match="history-reread"):
        assert seen(sources) == from_scratch(sources)


class AnyNumber(int):
    """A checksum that is always right."""

    __hash__ = int.__hash__

    def __ne__(self, other: object) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return True


def test_a_checksum_that_is_not_looked_at_lets_damage_through(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = seen(sources)
    told = json.loads((sources.home.parent / "history" / "manifest.json").read_text())["tables"]["orders"]["segments"][0]
    file = sources.home.parent / "history" / "rows" / told["file"]
    content = bytearray(file.read_bytes())
    content[-(-8 * told["arrays"][0][2] // 64) * 64 + 4] ^= 1  # in the time of the first row
    file.write_bytes(content)
    with monkeypatch.context() as patched:
        patched.setattr(segments.zlib, "crc32", lambda *given: AnyNumber(0))
        assert seen(sources) != expected
    with pytest.warns(ChurnWarning, match="history-reread"):
        assert seen(sources) == expected
