"""Law 16: a run on kept and merged rows equals a run from scratch, to the last bit, whatever came late, changed or was forgotten."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pytest
from tests.laws.days import TOGETHER, Sources, found

import churnpredict as cp
from churnpredict.errors import ChurnError
from churnpredict.events.history.removal import remove_customers

THOROUGH = os.environ.get("CHURNPREDICT_PROFILE") == "thorough"


def outcome(make: Callable[..., Any], *given: Any, **how: Any) -> Any:
    """What a run sees, or the error that it ends with."""
    try:
        with make(*given, **how) as tables:
            return found(tables)
    except ChurnError as error:
        return f"{error.code}: {error.what}"


@pytest.mark.parametrize("seed", range(25 if THOROUGH else 3))
@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_random_days(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    sources = Sources(tmp_path / "sources", rng, ["parquet", "csv"][seed % 2], numbers=seed % 3 == 1)
    partitions = 2
    for day in range(8 if THOROUGH else 5):
        made = sources.change() if day else []
        partitions = int(rng.integers(1, 5)) if rng.random() < 0.1 else partitions
        if rng.random() < 0.2:
            remove_customers(tmp_path / "history", lambda ids: pc.not_equal(ids, str(sources.id_of(3))))
        declared = sources.declared()
        kept = outcome(cp.runs.open_history, tmp_path / "history", partitions=partitions, **declared)
        scratch = outcome(cp.runs.scan_tables, partitions=int(rng.integers(1, 4)), **declared)
        assert type(kept) is type(scratch), (seed, day, made, kept if isinstance(kept, str) else scratch)
        if isinstance(kept, str):
            assert kept == scratch
            continue
        for what in scratch:
            assert kept[what] == scratch[what], (seed, day, made, what)


@pytest.mark.parametrize("seed", range(25 if THOROUGH else 5))
@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_random_days_of_rows_that_are_one(tmp_path: Path, seed: int) -> None:
    """Repeated, corrected and removed rows of tables in which rows of several files are one."""
    rng = np.random.default_rng([seed, 16])
    sources = Sources(tmp_path / "sources", rng, ["parquet", "csv"][seed % 2])
    sources.options = TOGETHER[seed % len(TOGETHER)]
    read = 0
    for day in range(8 if THOROUGH else 6):
        changes = [
            sources.repeat,
            sources.correct,
            sources.delete,
            sources.late_rows,
            sources.shuffle,
            sources.forget,
            sources.write_people,
        ]
        for change in [changes[int(i)] for i in rng.integers(0, len(changes), 2)] if day else []:
            change()
        declared = sources.declared()
        kept = outcome(cp.runs.open_history, tmp_path / "history", partitions=2, **declared)
        scratch = outcome(cp.runs.scan_tables, partitions=1 + day % 3, **declared)
        assert kept == scratch, (seed, day)
        read += not isinstance(kept, str)
    assert read >= 1
