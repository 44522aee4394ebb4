"""Retraining promotes what is better, on outcomes that nobody has seen; refuses the rest; and leaves nothing half-done."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.cli.test_commands import run
from tests.monitoring.test_drift import FEATURES, declared, steady_log
from tests.shops import QUICK

import churnpredict as cp
from churnpredict.cli.config import read_config
from churnpredict.errors import ModelError, ModelFileError, TrainingError, UsageError
from churnpredict.evaluation import metrics
from churnpredict.lifecycle import promotion, registry, retraining
from churnpredict.lifecycle.registry import Registry
from churnpredict.pipeline import churn_pipeline
from churnpredict.pipeline.churn_pipeline import ChurnPipeline

Frames = tuple[pd.DataFrame, pd.DataFrame]
RULE = cp.Inactivity("40d", of="orders", active_within="60d")
SHORT = {**QUICK, "horizon": "40d", "n_estimators": 30}
SINCE, TRAINED, UNTIL = "2023-04-01", "2023-07-15", "2024-01-15"


@pytest.fixture(scope="module")
def frames() -> Frames:
    log = steady_log()
    calls = log.iloc[::4][["who"]].assign(at=log["paid_at"].iloc[::4])
    return log, calls.assign(known=calls["at"])


@pytest.fixture(scope="module")
def tables(frames: Frames) -> cp.EventTables:
    return declared(*frames)


def pipeline(**options: object) -> ChurnPipeline:
    return ChurnPipeline(RULE, features=FEATURES, classifier=cp.ChurnClassifier(**SHORT), since=SINCE, **options)


def learnt(tables: cp.EventTables, until: str = TRAINED) -> ChurnPipeline:
    one = pipeline()
    return one.learn(*one.training_rows(tables, until))


def fooled(tables: cp.EventTables, seed: int = 0, share: float = 1.0) -> ChurnPipeline:
    """A champion that has learnt from outcomes of which a share was shuffled."""
    one = pipeline()
    X, outcomes = one.training_rows(tables, TRAINED)
    rng = np.random.default_rng(seed)
    some = np.flatnonzero(rng.random(len(X)) < share)
    values = outcomes[["duration", "outcome"]].to_numpy().copy()
    values[some] = values[rng.permutation(some)]
    outcomes["duration"], outcomes["outcome"] = values[:, 0], values[:, 1].astype(np.int8)
    return one.learn(X, outcomes)


@pytest.fixture(scope="module")
def champion(tables: cp.EventTables) -> ChurnPipeline:
    return learnt(tables)


@pytest.fixture(scope="module")
def peer(tables: cp.EventTables) -> ChurnPipeline:
    """A champion that has seen enough: a challenger cannot be told from it."""
    return learnt(tables, "2023-10-15")


@pytest.fixture(scope="module")
def promoted(tables: cp.EventTables) -> retraining.Retraining:
    return cp.retrain(fooled(tables), tables, UNTIL)


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


def test_promotion_history_and_roll_back(tmp_path: Path, champion: ChurnPipeline, promoted: retraining.Retraining) -> None:
    held = Registry(tmp_path / "models")
    assert held.champion() is None
    with pytest.raises(UsageError, match="no-champion"):
        held.record(promoted.__class__(False, "equal", "no difference", promoted.until))
    held.add(champion)
    held.record(promoted)
    assert promoted.winner is not None
    now = held.champion()
    assert now is not None
    assert now.model_id_ == promoted.winner.model_id_
    assert [e.action for e in held.history()] == ["add", "promote"]
    held.roll_back()
    assert (held.champion() or now).model_id_ == champion.model_id_
    with pytest.raises(UsageError, match="nothing-before"):
        held.roll_back()
    held.record(promoted)  # and forward again: the same file, no second copy
    assert len(list(held.folder.glob("*.model"))) == 2
    text = (held.folder / "registry.json").read_text()
    assert "K0" not in text
    assert held.history()[-1].before == held.history()[0].model


def test_damage_is_found(tmp_path: Path, champion: ChurnPipeline) -> None:
    held = Registry(tmp_path)
    held.add(champion)
    path = held.champion_file()
    assert path is not None
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ModelFileError, match="other-model"):
        held.champion()
    (tmp_path / "registry.json").write_text('{"format": "something else"}')
    with pytest.raises(ModelFileError, match="damaged-registry"):
        held.history()


def test_killed_between_the_model_and_the_pointer(tmp_path: Path, champion: ChurnPipeline, promoted: retraining.Retraining) -> None:
    """Law 13: the old champion stands, and doing it again gives what an undisturbed run gives, byte for byte."""
    held, undisturbed = Registry(tmp_path / "killed"), Registry(tmp_path / "undisturbed")
    for one in (held, undisturbed):
        one.add(champion)
    undisturbed.record(promoted)
    child = multiprocessing.get_context("fork").Process(target=_dies_before_the_pointer, args=(held.folder, promoted))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert len(list(held.folder.glob("*.model"))) == 2  # the new file is there, and nobody names it
    assert (held.champion() or promoted.winner).model_id_ == champion.model_id_
    with held.deciding():  # the lock went with the process
        held.record(promoted)
    for name in ("registry.json", *(p.name for p in undisturbed.folder.glob("*.model"))):
        assert (held.folder / name).read_bytes() == (undisturbed.folder / name).read_bytes()


def _dies_before_the_pointer(folder: Path, decision: retraining.Retraining) -> None:
    def killed(path: Path, write: object) -> None:
        if path.name == "registry.json":
            os.kill(os.getpid(), signal.SIGKILL)
        honest(path, write)

    honest, registry.write_whole = registry.write_whole, killed
    held = Registry(folder)
    with held.deciding():
        held.record(decision)


def _adds(folder: Path, decision: retraining.Retraining) -> None:
    held = Registry(folder)
    with held.deciding():
        if held.decided("the same data") is None:
            held.record(decision, "the same data")


def test_two_at_once_decide_once(tmp_path: Path, champion: ChurnPipeline, promoted: retraining.Retraining) -> None:
    held = Registry(tmp_path)
    held.add(champion)
    fork = multiprocessing.get_context("fork")
    children = [fork.Process(target=_adds, args=(tmp_path, promoted)) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0] * 4
    assert [e.action for e in held.history()] == ["add", "promote"]


# --- the command ---

TOML = """
observed_until = 2024-02-20
[tables.orders]
kind = "events"
source = "orders.csv"
customer = "who"
time = "paid_at"
value = "eur"
[churn]
rule = "inactivity"
horizon = "40d"
active_within = "60d"
[model]
since = 2023-04-01
"""


def test_the_command_decides_once_and_rolls_back(
    tmp_path: Path, frames: Frames, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    frames[0].drop(columns="channel").to_csv(tmp_path / "orders.csv", index=False)
    (tmp_path / "churn.toml").write_text(TOML)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(churn_pipeline, "default_classifier", lambda *_, **__: cp.ChurnClassifier(**SHORT))
    assert run("retrain", "--until", TRAINED, "--dry-run") == 0
    assert not (tmp_path / "models").exists()
    assert not (tmp_path / "churn.model").exists()
    assert run("retrain", "--until", TRAINED) == 0
    first = (tmp_path / "churn.model").read_bytes()
    capsys.readouterr()
    assert run("retrain", "--until", UNTIL, "--when-equal", "newer", "--format", "json") == 0
    decided = json.loads(capsys.readouterr().out)
    assert decided["promoted"]
    assert decided["verdict"] in ("better", "equal")
    second, history = (tmp_path / "churn.model").read_bytes(), (tmp_path / "models" / "registry.json").read_bytes()
    assert second != first
    monkeypatch.setattr(ChurnPipeline, "fit", lambda *_: pytest.fail("decided already"))
    assert run("retrain", "--until", UNTIL, "--when-equal", "newer") == 0  # the same data: no second entry, no training
    assert (tmp_path / "models" / "registry.json").read_bytes() == history
    assert run("history", "--roll-back") == 0
    assert (tmp_path / "churn.model").read_bytes() == first
    assert run("retrain", "--until", UNTIL, "--when-equal", "newer") == 0  # what a person took back stays taken back
    assert (tmp_path / "churn.model").read_bytes() == first
    capsys.readouterr()
    assert run("history", "--format", "json") == 0
    assert [e["action"] for e in json.loads(capsys.readouterr().out)["history"]] == ["add", "promote", "roll back"]


def test_a_model_that_is_there_becomes_the_first_champion(
    tmp_path: Path, tables: cp.EventTables, champion: ChurnPipeline, frames: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames[0].drop(columns="channel").to_csv(tmp_path / "orders.csv", index=False)
    (tmp_path / "churn.toml").write_text(TOML)
    settings = read_config(tmp_path / "churn.toml")
    champion.save(tmp_path / "churn.model")
    monkeypatch.setattr(retraining, "retrain", lambda *_, **__: retraining.Retraining(False, "equal", "planted", pd.Timestamp(UNTIL)))
    promotion.promote(settings, UNTIL)
    assert [e.action for e in promotion.registry_of(settings).history()] == ["add", "refuse"]
    (tmp_path / "churn.model").unlink()  # a process that died before putting it into force
    promotion.promote(settings, UNTIL)
    assert cp.load(tmp_path / "churn.model").model_id_ == champion.model_id_


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
