"""The one place that calls LightGBM, with data sets and threads that cannot end the process.

LightGBM 4.7 writes out of bounds when it takes rows out of a data set whose features are bundled into sparse groups under column-wise
histograms: for validation, and by itself whenever trees see half of the rows or fewer. Dense bins do not have the fault, and cost no
more time (docs/decisions/0014-safe-training.md). So every data set and every training here is dense, whatever the parameters.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Event, Lock
from typing import Any

import numpy as np

from churnpredict.errors import TrainingError
from churnpredict.progress import counter
from churnpredict.threads import in_forks, thread_count, was_forked

__all__ = ["SAFE", "Growth", "grow", "lift", "load_booster", "make_dataset", "model_text", "score", "start_from", "take_rows"]

SAFE: Mapping[str, Any] = {"is_enable_sparse": False, "histogram_pool_size": 2048.0}
"""Parameters under which rows can be taken out of LightGBM's data sets safely, and histograms (MB) of many leaves and bins do not "
"exhaust memory."""

CELLS = 4_000_000  # cells of a training matrix for which another thread is worth its waiting time
_setting_up = Lock()
_ROWS_BY_TREES = 2_000_000  # cells to score for which another thread is worth its start


def _lightgbm() -> Any:
    """Return LightGBM, held to one thread in a forked process."""
    import lightgbm

    if was_forked():
        _hold_to_one_thread()
    return lightgbm


def _hold_to_one_thread() -> None:
    """Let LightGBM use one thread in this process from now on: reading and writing models have no argument for it."""
    engine = sys.modules.get("lightgbm.basic")
    if engine is not None:
        engine._LIB.LGBM_SetMaxThreads(ctypes.c_int(1))


in_forks(_hold_to_one_thread)


def make_dataset(A: np.ndarray, y: np.ndarray, w: np.ndarray, categories: Sequence[int], parameters: Mapping[str, Any]) -> Any:
    """Return a constructed data set of encoded rows A (n, n_features), labels and weights; columns are called f0 to fn."""
    names = [f"f{j}" for j in range(A.shape[1])]
    safe = _safe(parameters, thread_count(None, pieces=A.size / CELLS))
    data = _lightgbm().Dataset(
        A, y, weight=w, feature_name=names, categorical_feature=[names[j] for j in categories], params=safe,
        free_raw_data=False,
    )  # fmt: skip
    return _or_refused(data.construct)


def take_rows(data: Any, rows: np.ndarray) -> Any:
    """Return the data set of some rows of another, with the same bins."""
    if data.get_params().get("is_enable_sparse") is not False:  # guards the fault named above against a data set made elsewhere
        raise TrainingError("unsafe-data-set", "rows would be taken out of a data set with sparse bins", remedy="Use make_dataset.")
    return data.subset(rows)


@dataclass(frozen=True)
class Growth:
    """One booster to grow: its data set, the seed, and a data set of held-out rows that stops it early."""

    data: Any
    seed: int
    held: Any = None


def grow(
    growths: Iterable[Growth], parameters: Mapping[str, Any], *, rounds: int, n_jobs: int | None, cells: int, patience: int = 50
) -> list[Any]:
    """Return one booster for each growth, stopped early where rows are held out.

    A matrix of few ``cells`` is worth one thread of LightGBM, so its boosters grow side by side: they do not wait for one another, and
    are the same to the last bit however many there are at once. On larger ones LightGBM's own threads share one booster after the other,
    and a data set that comes from an iterator is made when its turn has come.

    Raises
    ------
    TrainingError
        ``lightgbm-refused``: LightGBM cannot train on this; the message quotes it.
    """
    shared = cells >= 2 * CELLS
    threads = thread_count(n_jobs, pieces=cells / CELLS if shared else float("inf"))
    safe, stopped = _safe(parameters, threads if shared else 1), Event()
    if shared or threads == 1:
        return [_grown(growth, safe, rounds, patience, stopped) for growth in growths]
    with ThreadPoolExecutor(threads) as pool:
        try:
            started = [pool.submit(_grown, growth, safe, rounds, patience, stopped) for growth in growths]
            return [booster.result() for booster in started]
        except BaseException:  # an interruption too ends the other threads at their next tree
            stopped.set()
            pool.shutdown(cancel_futures=True)
            raise


def _grown(growth: Growth, safe: Mapping[str, Any], rounds: int, patience: int, stopped: Event) -> Any:
    """Return the booster of one growth. Data sets are changed while a booster is set up, and only read from its first tree on."""
    lgb, done = _lightgbm(), counter(rounds)
    with ExitStack() as setting_up:

        def begin(_: Any) -> None:
            setting_up.close()

        def after(env: Any) -> None:
            done(env.iteration + 1)
            if stopped.is_set():
                raise lgb.callback.EarlyStopException(env.iteration, [])

        begin.before_iteration = True  # type: ignore[attr-defined]
        told = [begin, after] if growth.held is None else [lgb.early_stopping(patience, verbose=False), begin, after]
        setting_up.enter_context(_setting_up)
        booster = _or_refused(
            lgb.train,
            dict(safe) | {"seed": growth.seed},
            growth.data,
            num_boost_round=max(rounds, 1),
            valid_sets=None if growth.held is None else [growth.held],
            callbacks=told,
        )
    done(rounds)  # stopped early, it has no more to do
    return booster


def start_from(data: Any, log_odds: np.ndarray | None) -> None:
    """Let trees begin at log-odds (n,) of each row instead of at the mean. What they predict afterwards is without them."""
    data.set_init_score(log_odds)


def lift(booster: Any, by: float) -> None:
    """Add log-odds to all that a booster predicts: in the leaves of its first tree, where LightGBM itself keeps the mean."""
    if not booster.num_trees():
        raise TrainingError("lightgbm-refused", "LightGBM grew no tree", remedy="Change lightgbm_params.")
    leaves = booster.dump_model(num_iteration=1)["tree_info"][0]["num_leaves"]
    for leaf in range(leaves):
        booster.set_leaf_output(0, leaf, booster.get_leaf_output(0, leaf) + by)


def _safe(parameters: Mapping[str, Any], threads: int) -> dict[str, Any]:
    return dict(parameters) | dict(SAFE) | {"num_threads": threads, "verbosity": parameters.get("verbosity", -1)}


def _or_refused(call: Any, *args: Any, **options: Any) -> Any:
    try:
        return call(*args, **options)
    except _lightgbm().basic.LightGBMError as error:
        what = str(error).split(" at /")[0].strip()
        raise TrainingError("lightgbm-refused", f"LightGBM cannot train on this: {what}", remedy="Change lightgbm_params.") from error


def load_booster(text: str) -> Any:
    """Return the booster of a model's text, which must have been checked: see :mod:`churnpredict.model.trees`."""
    return _lightgbm().Booster(model_str=text)


def model_text(booster: Any) -> str:
    """Return the text of a booster."""
    _lightgbm()
    return str(booster.model_to_string())


def score(
    booster: Any,
    A: np.ndarray,
    *,
    n_jobs: int | None = None,
    rounds: int | None = None,
    contributions: bool = False,
    probability: bool = False,
) -> np.ndarray:
    """Return raw scores (n,) of encoded rows, or with ``contributions`` LightGBM's own SHAP values (n, n_features + 1), the base last.

    With ``probability`` return the booster's predictions, by its own objective.
    """
    _lightgbm()
    pieces = len(A) * max(booster.num_trees(), 1) / _ROWS_BY_TREES * (20 if contributions else 1)
    return np.asarray(
        booster.predict(
            A,
            raw_score=not contributions and not probability,
            pred_contrib=contributions,
            num_iteration=rounds,
            num_threads=thread_count(n_jobs, pieces=pieces),
        )
    )
