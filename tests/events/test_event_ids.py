"""Event ids of several partitions of customers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import ContentError
from churnpredict.events import event_ids
from churnpredict.events.event_ids import are_among, repeated_words


def declared(source: Any) -> dict[str, Any]:
    return {"log": cp.Events(source, customer="who", time="at", id="no", value="eur")}


def log(ids: list[Any]) -> pd.DataFrame:
    """A row of another customer for each id."""
    return pd.DataFrame({"who": [f"c{i}" for i in range(len(ids))], "at": "2024-01-01", "no": ids, "eur": 1.0})


IDS = {"text": [f"line {i}" for i in range(40)], "number": list(range(40)), "wide": [i << 40 for i in range(40)]}


@pytest.mark.parametrize("kind", list(IDS))
@pytest.mark.parametrize("how", ["memory", "partitions", "history"])
def test_an_id_at_two_customers_is_refused_in_one_partition_or_several(tmp_path: Path, kind: str, how: str) -> None:
    def read(ids: list[Any]) -> int:
        if how == "memory":
            return len(cp.EventTables(**declared(log(ids))))
        into: dict[str, Any] = {"partitions": 6, **declared(log(ids))}
        with cp.runs.scan_tables(**into) if how == "partitions" else cp.runs.open_history(tmp_path / "history", **into) as tables:
            return len(tables)

    ids = IDS[kind]
    assert read(ids) == 40
    for other in (3, 11, 30):
        with pytest.raises(ContentError, match=r"1 of \d+ rows.*event-id"):
            read([*ids[:other], ids[5], *ids[other + 1 :]])


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_missing_ids_and_repeats_of_one_customer_are_no_such_ids(tmp_path: Path) -> None:
    ids = [None, "", " ", *IDS["text"]]
    frame = pd.concat([log(ids), log(ids).iloc[5:9]])
    with cp.runs.scan_tables(partitions=6, folder=tmp_path, **declared(frame)) as tables:
        assert sum(len(part.streams["log"]) for part in tables) == 43
        assert not list(tmp_path.rglob("ids-*")), "nothing of them stays on disk"


@pytest.mark.parametrize("at_once", [7, 1 << 20])
def test_words_that_occur_again_are_found_a_share_at_a_time(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(event_ids, "AT_ONCE", at_once)
    rng = np.random.default_rng(0)
    parts = [rng.integers(-50, 50, 25) * (1 << 55) for _ in range(4)]
    words, counts = np.unique(np.concatenate(parts), return_counts=True)
    assert repeated_words(lambda: parts, 100).tolist() == sorted({0, *words[counts > 1].tolist()})
    assert repeated_words(list, 0).tolist() == [0]


@pytest.mark.parametrize("wanted", [[], [0], [-(2**63), -1, 0, 2**63 - 1], list(range(0, 9000, 3))])
def test_words_are_found_among_others(wanted: list[int]) -> None:
    words = np.concatenate([np.arange(-5000, 10_000), [2**63 - 1, -(2**63)]])
    assert are_among(words, np.array(wanted, np.int64)).tolist() == np.isin(words, wanted).tolist()
