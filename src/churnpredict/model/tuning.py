"""Search tree parameters within a budget, by log loss on later cutoffs (needs Optuna)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from churnpredict.errors import UsageError, missing_extra, warn
from churnpredict.model.training import Rows, Settings, out_of_time_loss
from churnpredict.progress import someone_is_watching
from churnpredict.spans import span

__all__ = ["read_budget", "tune"]


def read_budget(budget: Any) -> tuple[int | None, float | None]:
    """Return trials and seconds, one of them None, from a number of trials or a span of time.

    >>> read_budget(20), read_budget("10min")
    ((20, None), (None, 600.0))
    """
    if isinstance(budget, (int, np.integer)) and not isinstance(budget, bool) and budget >= 1:
        return int(budget), None
    if not isinstance(budget, (bool, int, float)):
        try:
            seconds = span(budget, "tune").nominal / 1e6
        except UsageError:
            seconds = 0.0
        if seconds > 0:
            return None, seconds
    raise UsageError("bad-budget", f"tune={budget!r} is not a budget", remedy='Give a number of trials, or a time such as "10min".')


def tune(rows: Rows, settings: Settings, budget: Any) -> tuple[Settings, dict[str, Any]]:
    """Return the settings with the trees that predicted later cutoffs best, and a record of the search.

    Parameters
    ----------
    rows : Rows
        Training rows; no other data are used.
    settings : Settings
        The first trial of the search, so the result is never worse on these folds.
    budget : int or span
        A number of trials, with which the same seed finds the same trees; or a time, after which no further trial begins.

    Raises
    ------
    MissingExtraError
        ``missing-extra``: Optuna is not installed.
    UsageError
        ``bad-budget``.
    """
    trials, seconds = read_budget(budget)
    try:
        import optuna
    except ImportError as missing:
        raise missing_extra("tune= needs Optuna", "tune") from missing
    if "trees" not in settings.members or out_of_time_loss(rows, settings) is None:
        warn("not-tuned", "tuning is impossible: there are no trees, or too few rows to hold any out", remedy="Leave out tune=.")
        return settings, {}

    def objective(trial: Any) -> float:
        loss = out_of_time_loss(rows, _shaped(settings, _suggest(trial)))
        return float("inf") if loss is None else loss

    loudness = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = optuna.create_study(direction="minimize", sampler=optuna.samplers.TPESampler(seed=settings.seed))
        study.enqueue_trial(_begin(rows, settings))
        study.optimize(objective, n_trials=trials, timeout=seconds, show_progress_bar=someone_is_watching())
    finally:
        optuna.logging.set_verbosity(loudness)
    losses = [trial.value for trial in study.trials if trial.value is not None]
    record = {"trials": len(losses), "loss_before": losses[0], "loss": study.best_value, "parameters": dict(study.best_params)}
    return _shaped(settings, study.best_params), record


def _suggest(trial: Any) -> dict[str, Any]:
    return {
        "num_leaves": trial.suggest_int("num_leaves", 4, 31, log=True),
        "max_depth": trial.suggest_int("max_depth", 3, 8),  # exact reasons stay cheap
        "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 1, 300, log=True),
        "lambda_l2": trial.suggest_float("lambda_l2", 0.01, 100.0, log=True),
    }


def _begin(rows: Rows, settings: Settings) -> dict[str, Any]:
    """Return the defaults as a first trial, kept within the limits of the search."""
    from churnpredict.model.training import tree_parameters_of

    given = tree_parameters_of(rows, settings)
    return {
        "num_leaves": int(np.clip(given["num_leaves"], 4, 31)),
        "max_depth": int(np.clip(given["max_depth"], 3, 8)),
        "min_data_in_leaf": int(np.clip(given["min_data_in_leaf"], 1, 300)),
        "lambda_l2": float(np.clip(given["lambda_l2"], 0.01, 100.0)),
    }


def _shaped(settings: Settings, found: dict[str, Any]) -> Settings:
    rest = {name: value for name, value in found.items() if name not in ("num_leaves", "max_depth")}
    return replace(settings, num_leaves=found["num_leaves"], max_depth=found["max_depth"], extra=settings.extra | rest)
