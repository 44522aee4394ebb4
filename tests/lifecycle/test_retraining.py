"""Retraining promotes what is better, on outcomes that nobody has seen; refuses the rest; and leaves nothing half-done."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from tests.lifecycle.champions import RULE, UNTIL, Frames
from tests.monitoring.test_drift import declared

import churnpredict as cp
from churnpredict.errors import ModelError, TrainingError, UsageError
from churnpredict.evaluation import metrics
from churnpredict.lifecycle import promotion, retraining
from churnpredict.pipeline.churn_pipeline import ChurnPipeline

# --- the decision ---


def test_a_better_challenger_is_promoted_and_trained_on_everything(promoted: retraining.Retraining) -> None:
    assert promoted.promoted, promoted
    assert promoted.verdict == "better"
    assert promoted.difference is not None
    assert promoted.difference.high < 0
    assert promoted.winner is not None
    assert promoted.winner.cutoffs_[-1] == promoted.judged_at  # the newest mature cutoff teaches, once it has judged
    assert set(promoted.figures["model"]) == {"challenger", "champion", "base rate"}
    assert promoted.drivers.index.name == "driver"
    assert 0 <= promoted.agreement["same_first"] <= 1
    assert "promoted [better]" in repr(promoted)
    assert "K0" not in repr(promoted)


def test_no_difference_keeps_the_champion_unless_the_newer_is_asked_for(tables: cp.EventTables, peer: ChurnPipeline) -> None:
    kept = cp.retrain(peer, tables, UNTIL)
    assert (kept.promoted, kept.verdict, kept.winner) == (False, "equal", None)
    newer = cp.retrain(peer, tables, UNTIL, when_equal="newer")
    assert newer.promoted
    assert newer.winner is not None


def test_the_challenger_never_saw_the_window_that_judges(
    tables: cp.EventTables, peer: ChurnPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 5, and its planted fault: a challenger that is trained on the judging window is caught."""
    seen: list[tuple[pd.Timestamp, pd.Timestamp]] = []
    honest = ChurnPipeline.fit

    def watched(self: ChurnPipeline, tables: cp.EventTables, until: object = None) -> ChurnPipeline:
        fitted = honest(self, tables, until)
        seen.append((fitted.cutoffs_[-1], pd.Timestamp(until).tz_localize(None) if until is not None else None))
        return fitted

    monkeypatch.setattr(ChurnPipeline, "fit", watched)
    decision = cp.retrain(peer, tables, UNTIL)
    assert decision.judged_at is not None
    assert len(seen) == 1
    assert seen[0][0] + pd.Timedelta(days=40) <= decision.judged_at
    assert seen[0][1] == decision.judged_at
    monkeypatch.setattr(ChurnPipeline, "fit", lambda self, tables, until=None: honest(self, tables))
    with pytest.raises(ModelError, match="seen-window"):
        cp.retrain(peer, tables, UNTIL)


def test_too_early_where_the_champion_has_seen_the_window(tables: cp.EventTables, champion: ChurnPipeline) -> None:
    early = cp.retrain(champion, tables, "2023-08-01")
    assert (early.promoted, early.verdict) == (False, "too-early")
    assert "2023-08-24" in early.words  # when it can be done
    assert cp.retrain(champion, tables, "2023-08-24").verdict != "too-early"


def weighed(
    seed: int,
    *,
    noise: float = 0.0,
    shift: float = 0.0,
    champion_shift: float = 0.0,
    difference: metrics.Interval | None = None,
    n: int = 1200,
) -> tuple[bool, str]:
    """The verdict on a challenger whose log-odds are the true ones, disturbed and shifted, against a champion's that are only shifted."""
    rng = np.random.default_rng(seed)
    z = rng.normal(-1.2, 1.2, n)
    y = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(np.int8)
    challenger, champion = (1 / (1 + np.exp(-v)) for v in (z + rng.normal(0, 1, n) * noise + shift, z + champion_shift))
    risks = {"challenger": challenger, "champion": champion, "base rate": np.full(n, y.mean())}
    return retraining.weigh(y, risks, difference or metrics.compare(y, challenger, champion, rounds=60), rounds=60)[:2]


def test_a_worse_challenger_is_refused_in_twenty_seeds() -> None:
    found = [weighed(seed, noise=1.0) for seed in range(20)]
    assert not any(promoted for promoted, _ in found)
    assert {"worse"} == {verdict for _, verdict in found}
    slightly = [weighed(seed, noise=0.15) for seed in range(5)]  # too small to be told from chance
    assert not any(promoted for promoted, _ in slightly)


def test_every_verdict_has_its_reason() -> None:
    assert weighed(0, champion_shift=0.7) == (True, "better")
    assert weighed(0) == (False, "equal")
    assert weighed(0, shift=0.6, champion_shift=0.6) == (False, "calibration")
    assert weighed(0, noise=5.0, champion_shift=4.0)[1] == "no-signal"
    unsure = metrics.Interval(0.0, -0.01, 0.01)
    assert weighed(0, champion_shift=0.7, difference=unsure) == (True, "equal")  # the level is right again


def test_broken_sources_are_refused_and_may_be_overruled(frames: Frames, champion: ChurnPipeline) -> None:
    log, calls = frames
    broken = declared(log, calls[calls["at"] < "2023-12-20"])
    refused = cp.retrain(champion, broken, UNTIL)
    assert (refused.promoted, refused.verdict) == (False, "sources")
    assert "calls" in refused.words
    assert cp.retrain(champion, broken, UNTIL, despite_sources=True).verdict != "sources"


def test_nothing_is_promoted_on_failure(tables: cp.EventTables, champion: ChurnPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: ChurnPipeline, X: object, outcomes: object) -> ChurnPipeline:
        raise TrainingError("one-class", "planted", remedy="none")

    monkeypatch.setattr(ChurnPipeline, "learn", fails)
    with pytest.raises(TrainingError):
        cp.retrain(champion, tables, UNTIL)
    with pytest.raises(UsageError, match="other-rule"):
        cp.retrain(champion, tables, UNTIL, challenger=ChurnPipeline(cp.Inactivity("30d", of="orders")))


# --- the registry ---


# --- the command ---


def test_the_fingerprint_is_of_what_the_tables_hold(frames: Frames, tables: cp.EventTables) -> None:
    log, calls = frames
    shuffled = declared(log.sample(frac=1, random_state=0), calls)
    pipeline = cp.ChurnPipeline(RULE)
    of = partial(promotion.fingerprint_of, pipeline=pipeline, how={})
    assert of(tables) == of(shuffled)
    other = declared(log.assign(eur=log["eur"].where(np.arange(len(log)) != 7, 1.0)), calls)
    assert of(tables) != of(other)
    assert of(tables) != of(tables, how={"when_equal": "newer"})
    assert of(tables) != of(tables, pipeline=cp.ChurnPipeline(RULE, every="20d"))


def test_the_same_data_are_decided_once_in_a_terminal_of_any_width(tables: cp.EventTables, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipeline is printed as wide as the terminal, and its text went into the fingerprint."""
    found = set()
    for width in ("60", "80", "160"):
        monkeypatch.setenv("COLUMNS", width)
        found.add(promotion.fingerprint_of(tables, cp.ChurnPipeline(RULE, history="90d", every="45d", unit="EUR"), {}))
    assert len(found) == 1
