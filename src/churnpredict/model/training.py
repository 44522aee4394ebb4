"""How a classifier learns: validation on later cutoffs, early stopping, refit on all rows, calibration out of time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from churnpredict.model.calibration import AffineCalibration, IsotonicCalibration, make_calibration
from churnpredict.model.members import TreeMember

__all__ = ["Blend", "Rows", "Settings", "train", "validation_folds"]

Fold = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Rows:
    """Training rows: matrix (n, F), labels 0/1, weights of mean 1, and what is known of time and customer."""

    A: np.ndarray
    y: np.ndarray
    w: np.ndarray
    times: np.ndarray | None = None
    customers: np.ndarray | None = None
    names: list[str] = field(default_factory=list)
    categories: tuple[int, ...] = ()


@dataclass(frozen=True)
class Settings:
    """What the user chose; spans in microseconds."""

    purge: int | None
    n_estimators: int
    learning_rate: float
    num_leaves: int
    max_depth: int
    calibration: str
    seed: int
    n_jobs: int | None
    monotone: tuple[int, ...]
    extra: dict[str, Any]


@dataclass
class Blend:
    """Members, their calibration, and how they were validated."""

    members: list[Any]
    calibration: AffineCalibration | IsotonicCalibration
    validated_on: str
    record: dict[str, Any]


def validation_folds(rows: Rows, *, purge: int | None, seed: int = 0) -> tuple[list[Fold], str]:
    """Folds and what they keep apart: "time", "customers" or "rows"; none at all for too few rows.

    With cutoffs and a known outcome window, up to three blocks of the latest cutoffs are predicted from rows whose
    windows had closed before (one block for large data). Otherwise customers are kept apart, stratified.
    """
    if rows.times is not None and purge is not None:
        folds = _time_folds(rows, purge)
        if folds:
            return folds, "time"
    return _stratified_folds(rows, seed)


def _time_folds(rows: Rows, purge: int) -> list[Fold]:
    times = np.asarray(rows.times)
    newest = int(times.max())
    width = max(purge // 3, 1)
    folds: list[Fold] = []
    for i in range(1 if len(times) > 100_000 else 3):
        end = newest - i * width
        valid = np.flatnonzero((times > end - width) & (times <= end))
        if len(valid) == 0:
            continue
        train = np.flatnonzero(times + purge <= times[valid].min())
        if all(min(rows.y[part].sum(), (1 - rows.y[part]).sum()) >= 10 for part in (train, valid)):
            folds.append((train, valid))
    return folds


def _stratified_folds(rows: Rows, seed: int) -> tuple[list[Fold], str]:
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    n, fewest = len(rows.y), int(min(rows.y.sum(), (1 - rows.y).sum()))
    n_splits = min(5 if n <= 20_000 else 3 if n <= 100_000 else 5, fewest)
    if n_splits < 2 or n < 20:
        return [], "nothing"
    repeated = rows.customers is not None and len(np.unique(rows.customers)) < n
    if repeated:
        folds = list(StratifiedGroupKFold(n_splits, shuffle=True, random_state=seed).split(rows.y, rows.y, rows.customers))
        folds = [f for f in folds if all(len(np.unique(rows.y[part])) == 2 for part in f)]
    else:
        folds = list(StratifiedKFold(n_splits, shuffle=True, random_state=seed).split(rows.y, rows.y))
    return folds[:1] if n > 100_000 else folds, "customers" if repeated else "rows"


def _tree_parameters(rows: Rows, settings: Settings) -> dict[str, Any]:
    n = len(rows.y)
    parameters = {
        "objective": "binary",
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.num_leaves,
        "max_depth": settings.max_depth,
        "min_data_in_leaf": int(np.clip(n // 40, 1, 30)),
        "min_data_in_bin": 1 if n < 1000 else 3,
        "feature_fraction": 0.5 if rows.A.shape[1] > 4 else 1.0,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": min(10.0, n / 100),
        "feature_pre_filter": False,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": settings.n_jobs or 0,
        "seed": settings.seed,
        "verbosity": -1,
    }
    if any(settings.monotone):
        parameters |= {"monotone_constraints": list(settings.monotone), "monotone_constraints_method": "intermediate"}
    return parameters | settings.extra


def _dataset(rows: Rows, parameters: dict[str, Any]) -> Any:
    import lightgbm as lgb

    names = [f"f{j}" for j in range(rows.A.shape[1])]
    return lgb.Dataset(
        rows.A,
        rows.y,
        weight=rows.w,
        feature_name=names,
        categorical_feature=[names[j] for j in rows.categories],
        params=parameters,
        free_raw_data=False,
    ).construct()


def train(rows: Rows, settings: Settings) -> Blend:
    """Validate, choose the number of trees, refit on all rows, calibrate on what was predicted out of time."""
    import lightgbm as lgb

    folds, validated_on = validation_folds(rows, purge=settings.purge, seed=settings.seed)
    parameters = _tree_parameters(rows, settings)
    data = _dataset(rows, parameters)
    rounds, grown = _early_stopping(rows, settings, data=data, parameters=parameters, folds=folds)
    final = round(1.1 * rounds) if folds else min(100, settings.n_estimators)
    booster = lgb.train(parameters, data, num_boost_round=max(final, 1))
    calibration = make_calibration(settings.calibration)
    if folds:
        valid = np.concatenate([v for _, v in folds])
        margin = np.concatenate(
            [b.predict(rows.A[v], raw_score=True, num_iteration=rounds) for b, (_, v) in zip(grown, folds, strict=True)]
        )
        calibration.fit(margin, rows.y[valid], rows.w[valid])
    booster.free_dataset()
    return Blend([TreeMember(booster, n_jobs=settings.n_jobs)], calibration, validated_on, {"rounds": final, "folds": len(folds)})


def _early_stopping(rows: Rows, settings: Settings, *, data: Any, parameters: dict[str, Any], folds: list[Fold]) -> tuple[int, list[Any]]:
    """Mean best number of rounds over the folds, and the booster of each fold."""
    import lightgbm as lgb

    grown, best = [], []
    for train_rows, valid_rows in folds:
        part, held = data.subset(np.sort(train_rows)), data.subset(np.sort(valid_rows))
        booster = lgb.train(
            parameters,
            part,
            num_boost_round=settings.n_estimators,
            valid_sets=[held],
            callbacks=[lgb.early_stopping(50, verbose=False)],
        )
        grown.append(booster)
        best.append(booster.best_iteration or settings.n_estimators)
    return max(1, round(float(np.mean(best)))) if best else 0, grown
