"""Train a classifier: validate members on later cutoffs, blend, refit, calibrate.

Longer than most modules because the protocol is in one place: folds, members out of time, weights, refit, calibration.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from churnpredict.clock import DAY
from churnpredict.errors import TrainingError, UsageError
from churnpredict.model.boosters import Growth, grow, lift, make_dataset, score, start_from, take_rows
from churnpredict.model.calibration import AffineCalibration, IsotonicCalibration, make_calibration, sigmoid
from churnpredict.model.members import CalendarMember, LinearMember, PurchaseMember, TreeMember, mean_line
from churnpredict.model.purchases import find_triple
from churnpredict.model.split import Window
from churnpredict.progress import work
from churnpredict.spans import Span
from churnpredict.threads import one_blas_thread

__all__ = [
    "MEMBERS",
    "SOONER",
    "Blend",
    "Rows",
    "Settings",
    "blend_weights",
    "distrust",
    "fit_line",
    "out_of_time_loss",
    "train",
    "validation_folds",
]

MEMBERS = ("trees", "linear", "purchases")
_FEW_SOONER = 50  # leavers in the first third of the window that the member "sooner" needs
_SLOPES = 0.5, 1.5  # least and most that the margins of other labels are scaled by
SOONER = "sooner"  # a member that takes part only where it is asked for
_LARGE = 100_000  # rows from which one validation block is enough
_STRENGTHS = (0.003, 0.03, 0.3)
_ALIKE = 0.01  # a penalty whose log loss is higher by this share of it has 1/e of the best one's weight
_SLIGHT = 0.05  # a member of less weight costs more time than it is worth
_PULL = 20.0  # weight, in rows, of the prior of equal shares: decides at 300 customers, negligible at 30,000
_SMALL = 20_000  # rows (of a hundred features) up to which two seeds are worth their time
_WIDE = 150  # columns from which training on few rows mostly searches for splits
_SAMPLING = {"wide": (0.8, 0.5), "narrow": (0.5, 0.4)}  # share of rows and of columns that each tree sees

Fold = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Rows:
    """Training rows: matrix (n, F), labels 0/1, weights of mean 1, and cutoffs and customers where known.

    ``offset`` are log-odds (n,) that stand before anything is learnt, and ``by_fold`` those of each fold's training and validation rows, as
    they were known then; their column in the matrix is empty while members learn. ``sooner`` (n,) is 1 where a customer left early in the
    window.
    """

    A: np.ndarray
    y: np.ndarray
    w: np.ndarray
    times: np.ndarray | None = None
    customers: np.ndarray | None = None
    names: list[str] = field(default_factory=list)
    categories: tuple[int, ...] = ()
    offset: np.ndarray | None = None
    by_fold: tuple[tuple[np.ndarray, np.ndarray], ...] = ()
    sooner: np.ndarray | None = None


@dataclass(frozen=True)
class Settings:
    """Settings that the user chose."""

    window: Window | None = None
    members: tuple[str, ...] = MEMBERS
    of: str | None = None
    half_life: Any = "auto"
    n_estimators: int = 1000
    learning_rate: float = 0.03
    num_leaves: int = 15
    max_depth: int = 6
    n_seeds: int | None = None
    calibration: str = "affine"
    seed: int = 0
    n_jobs: int | None = None
    monotone: tuple[int, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def purge(self) -> int | None:
        """The usual time from a training cutoff to the first cutoff that may validate it, in microseconds."""
        return None if self.window is None else self.window.nominal


@dataclass
class Blend:
    """Members, their calibration, and how they were validated."""

    members: list[Any]
    calibration: AffineCalibration | IsotonicCalibration
    validated_on: str
    record: dict[str, Any]


def validation_folds(rows: Rows, *, window: Window | None, seed: int = 0) -> tuple[list[Fold], str]:
    """Return the folds and what they split by: "time", "customers" or "rows"; no folds for too few rows.

    With cutoffs and a known outcome window, up to three blocks of the latest cutoffs are predicted from rows whose
    windows had closed before (one block for large data). Otherwise folds are split by customer, stratified.
    """
    if rows.times is not None and window is not None:
        folds = time_folds(rows, window)
        if folds:
            return folds, "time"
    return _stratified_folds(rows, seed)


def time_folds(rows: Rows, window: Window, *, end: int | None = None, most: int = 3) -> list[Fold]:
    times = np.asarray(rows.times)
    newest = int(times.max()) if end is None else end
    width, closes = max(window.nominal // 3, 1), window.closes(times)
    folds: list[Fold] = []
    for i in range(1 if len(times) > _LARGE else most):
        end = newest - i * width
        valid = np.flatnonzero((times > end - width) & (times <= end))
        if len(valid) == 0:
            continue
        train = np.flatnonzero(closes <= times[valid].min())
        if all(min(rows.y[part].sum(), (1 - rows.y[part]).sum()) >= 10 for part in (train, valid)):
            folds.append((train, valid))
    return folds


def _stratified_folds(rows: Rows, seed: int) -> tuple[list[Fold], str]:
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    n, fewest = len(rows.y), int(min(rows.y.sum(), (1 - rows.y).sum()))
    n_splits = min(3 if 20_000 < n <= _LARGE else 5, fewest)
    if n_splits < 2 or n < 20:
        return [], "nothing"
    repeated = rows.customers is not None and len(np.unique(rows.customers)) < n
    if repeated:
        folds = list(StratifiedGroupKFold(n_splits, shuffle=True, random_state=seed).split(rows.y, rows.y, rows.customers))
        folds = [f for f in folds if all(len(np.unique(rows.y[part])) == 2 for part in f)]
    else:
        folds = list(StratifiedKFold(n_splits, shuffle=True, random_state=seed).split(rows.y, rows.y))
    return folds[:1] if n > _LARGE else folds, "customers" if repeated else "rows"


def tree_parameters_of(rows: Rows, settings: Settings, sampling: str = "wide") -> dict[str, Any]:
    n = len(rows.y)
    share_of_rows, share_of_columns = _SAMPLING[sampling]
    parameters: dict[str, Any] = {
        "objective": "binary",
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.num_leaves,
        "max_depth": settings.max_depth,
        "min_data_in_leaf": int(np.clip(n // 40, 1, 30)),
        "min_data_in_bin": 1 if n < 1000 else 3,
        "feature_fraction": share_of_columns if rows.A.shape[1] > 4 else 1.0,
        "bagging_fraction": share_of_rows,
        "bagging_freq": 1,
        "lambda_l2": min(10.0, n / 100),
        "feature_pre_filter": False,
        "deterministic": True,
        "force_col_wise" if n <= _LARGE else "force_row_wise": True,
        "max_bin": 63 if n <= _SMALL and rows.A.shape[1] > _WIDE else 255,
        "seed": settings.seed,
    }
    if any(settings.monotone):
        if len(settings.monotone) != rows.A.shape[1] or any(settings.monotone[j] for j in rows.categories):
            raise TrainingError(
                "unsafe-constraint", "a monotone constraint on a category or on no column", remedy="Constrain numbers only."
            )
        parameters |= {"monotone_constraints": list(settings.monotone), "monotone_constraints_method": "intermediate"}
    return parameters | settings.extra


class _Trees:
    """Boosters of a few seeds: early stopping on the folds, then a refit with a tenth more rounds, on all rows and with more seeds.

    Noisy histories are learnt best by trees that use half of the rows and two columns in five, clean rules by trees that use most. Except
    for large data both are trained, and validation weighs them.

    Where the trees learn other labels than those that are predicted, ``outcome`` (n,), validation also turns their margins into those of
    the outcome: by ``slope`` and ``shift``.
    """

    def __init__(self, rows: Rows, settings: Settings, sampling: str = "wide", outcome: np.ndarray | None = None) -> None:
        self.rows, self.settings, self.outcome = rows, settings, outcome
        self.slope, self.shift = 1.0, 0.0
        self.n_seeds = settings.n_seeds or (2 if len(rows.y) <= _SMALL and rows.A.size <= _SMALL * 100 else 1)
        self.kept_seeds = settings.n_seeds or self.n_seeds * (2 if len(rows.y) <= _LARGE else 1)
        self.parameters = tree_parameters_of(rows, settings, sampling)
        self.data = make_dataset(rows.A, rows.y, rows.w, rows.categories, self.parameters)
        self.rounds = min(100, settings.n_estimators)

    def _grow(self, pairs: Iterable[tuple[Any, Any]], rounds: int, n_seeds: int) -> list[list[Any]]:
        """Return the boosters, one for each seed, of each pair of a data set and its held-out rows."""
        growths = (Growth(data, self.settings.seed + s, held) for data, held in pairs for s in range(n_seeds))
        boosters = grow(growths, self.parameters, rounds=rounds, n_jobs=self.settings.n_jobs, cells=self.rows.A.size)
        return [boosters[i : i + n_seeds] for i in range(0, len(boosters), n_seeds)]

    def out_of_time(self, folds: list[Fold], weights: list[np.ndarray]) -> list[np.ndarray]:
        """Return margins of the validation rows of each fold, all at the same, mean best number of rounds."""
        levels = [0.0] * len(folds)
        if self.rows.by_fold:
            kept = zip(self.rows.by_fold, folds, weights, strict=True)
            levels = [_level(before, self.rows.y[train_rows], w) for (before, _), (train_rows, _), w in kept]
        pairs = (self._pair(i, fold, w, levels[i]) for i, (fold, w) in enumerate(zip(folds, weights, strict=True)))
        grown = self._grow(pairs, self.settings.n_estimators, self.n_seeds)
        best = [b.best_iteration or self.settings.n_estimators for boosters in grown for b in boosters]
        self.rounds = max(1, round(float(np.mean(best))))
        pairs_of = zip(grown, folds, levels, strict=True)
        margins = [self._mean(boosters, self.rows.A[valid]) + level for boosters, (_, valid), level in pairs_of]
        if self.outcome is not None:
            self._translate(np.concatenate(margins), np.concatenate([valid for _, valid in folds]))
        return [self.slope * margin + self.shift for margin in margins]

    def _translate(self, margin: np.ndarray, valid: np.ndarray) -> None:
        """Learn slope and shift from the validation rows."""
        y, w = np.asarray(self.outcome)[valid], self.rows.w[valid]
        before = np.concatenate([after for _, after in self.rows.by_fold]) if self.rows.by_fold else 0.0
        self.slope = float(np.clip(AffineCalibration().fit(margin, y, w).slope, *_SLOPES))
        self.shift = _level(before + self.slope * margin, y, w)

    def _pair(self, i: int, fold: Fold, w: np.ndarray, level: float) -> tuple[Any, Any]:
        """Return the data sets of the training and the validation rows of fold ``i``."""
        part, held = (take_rows(self.data, rows).construct() for rows in fold)
        part.set_weight(w)
        if self.rows.by_fold:
            for data, offset in zip((part, held), self.rows.by_fold[i], strict=True):
                start_from(data, offset + level)
        return part, held

    def _mean(self, boosters: list[Any], A: np.ndarray) -> np.ndarray:
        return np.asarray(np.mean([score(b, A, n_jobs=self.settings.n_jobs, rounds=self.rounds) for b in boosters], axis=0))

    def refit(self, w: np.ndarray, more: float) -> list[TreeMember]:
        """Return members of equal weight, one per seed, fitted on all rows."""
        self.data.set_weight(w)
        level = None if self.rows.offset is None else _level(self.rows.offset, self.rows.y, w)
        if level is not None:
            start_from(self.data, np.asarray(self.rows.offset) + level)
        boosters = self._grow([(self.data, None)], round(more * self.rounds), self.kept_seeds)[0]
        for booster in boosters:
            booster.free_dataset()
            if level is not None or self.shift:
                lift(booster, (level or 0.0) + self.shift / self.slope)
        return [TreeMember(b, weight=self.slope / len(boosters)) for b in boosters]


def _level(offset: np.ndarray, y: np.ndarray, w: np.ndarray) -> float:
    """Return the log-odds that, added to an offset, give the mean of the labels."""
    level = 0.0
    for _ in range(50):
        p = sigmoid(offset + level)
        step = float(w @ (y - p)) / max(float(w @ (p * (1 - p))), 1e-12)
        level += min(max(step, -2.0), 2.0)
        if abs(step) < 1e-9:
            break
    return level


def fit_line(
    rows: Rows,
    where: np.ndarray,
    w: np.ndarray,
    *,
    settings: Settings,
    strength: float,
    max_rows: int = 50_000,
    offset: np.ndarray | None = None,
) -> LinearMember:
    """Fit a line to the rows at ``where`` with weights ``w``; beyond ``max_rows`` a random sample of them is enough.

    ``offset`` are log-odds of these rows that stand already.
    """
    if len(where) > max_rows:
        some = np.sort(np.random.default_rng(settings.seed).permutation(len(where))[:max_rows])
        where, w, offset = where[some], w[some], None if offset is None else offset[some]
    member = LinearMember(categories=rows.categories, strength=strength, monotone=settings.monotone)
    return member.fit(rows.A[where], rows.y[where], w, offset)


def _purchase_member(rows: Rows, settings: Settings) -> PurchaseMember | None:
    """Return MBG/NBD where a recurring event and the window are known and no constraint excludes it."""
    triple = find_triple(rows.names, settings.of)
    if triple is None or settings.window is None or "purchases" not in settings.members:
        return None
    columns = tuple(rows.names.index(name) for name in triple)
    signs = [settings.monotone[j] if settings.monotone else 0 for j in columns]
    if signs[0] or signs[1] < 0 or signs[2]:
        return None
    return PurchaseMember(
        triple,
        columns=(columns[0], columns[1], columns[2]),
        window=(settings.window.horizon.nominal / DAY, settings.window.gap.nominal / DAY),
    )


def _decay(times: np.ndarray | None, w: np.ndarray, half_life: float | None) -> np.ndarray:
    """Return weights that halve with every ``half_life`` before the newest cutoff."""
    if times is None or half_life is None:
        return w
    faded = w * 0.5 ** ((times.max() - times) / half_life)
    return np.asarray(faded / faded.mean())


def _choose_half_life(rows: Rows, folds: list[Fold], settings: Settings) -> float | None:
    """Return the half-life under which a quick line predicts later cutoffs best; a tie goes to None."""
    purge = settings.purge
    if settings.half_life != "auto":
        return settings.half_life
    if rows.times is None or purge is None or "linear" not in settings.members:
        return None
    best: tuple[float, float | None] = (np.inf, None)
    for half_life in (None, *(k * purge for k in (8.0, 4.0, 2.0) if k < 8 or 8 * purge < np.ptp(rows.times))):
        total = _quick_loss(rows, folds, settings, half_life)
        if total < best[0] * (0.999 if half_life is not None else 1):
            best = total, half_life
    return best[1]


def _quick_loss(rows: Rows, folds: list[Fold], settings: Settings, half_life: float | None) -> float:
    """Return summed log loss of a quick line on the folds."""
    total = 0.0
    for part, valid in folds:
        w = _decay(None if rows.times is None else rows.times[part], rows.w[part], half_life)
        line = fit_line(rows, part, w, settings=settings, strength=0.03, max_rows=10_000)
        total += _loss(line.margin(rows.A[valid]), rows.y[valid], rows.w[valid])
    return total


def _loss(z: np.ndarray, y: np.ndarray, w: np.ndarray) -> float:
    return float(w @ (np.logaddexp(0, z) - y * z) / w.sum())


def blend_weights(margins: np.ndarray, y: np.ndarray, w: np.ndarray, *, pull: float, offset: np.ndarray | float = 0.0) -> np.ndarray:
    """Return non-negative weights that sum to 1 for the members' margins (n, m), by log loss, shrunk towards equal weights.

    ``pull`` is the strength of that prior in rows: one validation period is not trusted more than the number of its customers allows. The
    sum is held at 1 while the loss is minimised: free weights, scaled to 1 afterwards, would give a member without information a weight and
    so shrink all risks towards the mean. ``offset`` (n,) is beside all of
    them.
    """
    from scipy.optimize import minimize

    m = margins.shape[1]
    if m == 1:
        return np.ones(1)
    total = w.sum()

    def objective(v: np.ndarray) -> tuple[float, np.ndarray]:
        z = margins @ v[:m] + v[m] + offset
        away = v[:m] - 1 / m
        d = w * (sigmoid(z) - y)
        gradient = np.r_[margins.T @ d + 2 * pull * away, d.sum()]
        return float(w @ (np.logaddexp(0, z) - y * z) + pull * away @ away) / total, gradient / total

    best = minimize(
        objective,
        np.r_[np.full(m, 1 / m), 0.0],
        jac=True,
        method="SLSQP",
        bounds=[(0, None)] * m + [(None, None)],
        constraints={"type": "eq", "fun": lambda v: v[:m].sum() - 1, "jac": lambda v: np.r_[np.ones(m), 0.0]},
        options={"ftol": 1e-10},
    ).x[:m]
    best = np.where(best < _SLIGHT, 0.0, best)
    return np.asarray(best / best.sum())


def settle_season(rows: Rows, settings: Settings) -> Rows:
    """Return rows without season columns, unless two years of cutoffs hold them and a quick line predicts a whole later year better with
    them.

    One year does not prove a season. The line is tested at four cutoffs a quarter apart, because the newest alone cover only their own time
    of the year.
    """
    seasonal = [j for j, name in enumerate(rows.names) if name.endswith(("season_sin", "season_cos"))]
    times = rows.times
    if not seasonal or times is None:
        return rows
    A = rows.A if rows.A.flags.owndata else rows.A.copy()  # a copy, never the user's array
    rows, seen, unseen, window = replace(rows, A=A), A[:, seasonal].copy(), np.nan, settings.window

    def loss(values: Any) -> float:
        A[:, seasonal] = values
        assert window is not None
        ends = [Span(months=3 * i).before(int(times.max()), window.timezone) for i in range(4)]
        folds = [fold for end in ends for fold in time_folds(rows, window, end=end, most=1)]
        return _quick_loss(rows, folds, settings, None)

    two_years = window is not None and Span(months=24).after(int(times.min()), window.timezone) <= times.max()
    helps = two_years and loss(seen) < loss(unseen)
    A[:, seasonal] = seen if helps else unseen
    return rows


def out_of_time_loss(rows: Rows, settings: Settings) -> float | None:
    """Return the log loss on the folds of trees with these settings; None where nothing can be held out."""
    folds, _ = validation_folds(rows, window=settings.window, seed=settings.seed)
    if not folds:
        return None
    margins = _Trees(rows, settings).out_of_time(folds, [rows.w[t] for t, _ in folds])
    valid = np.concatenate([v for _, v in folds])
    return _loss(np.concatenate(margins), rows.y[valid], rows.w[valid])


@one_blas_thread()
def train(rows: Rows, settings: Settings) -> Blend:
    """Return validate, weigh the members, choose the number of trees, refit on all rows, and calibrate on out-of-time predictions."""
    rows = settle_season(rows, settings)
    folds, validated_on = validation_folds(rows, window=settings.window, seed=settings.seed)
    if not folds:  # too few rows to validate anything
        return Blend(_Trees(rows, settings).refit(rows.w, 1.0), make_calibration("identity"), validated_on, {"weights": {}})
    samplings = () if "trees" not in settings.members else tuple(_SAMPLING) if len(rows.y) <= _LARGE else ("wide",)
    trees = {f"trees, {sampling}": _Trees(rows, settings, sampling) for sampling in samplings}
    if SOONER in settings.members and rows.sooner is not None and rows.sooner.sum() >= _FEW_SOONER:
        trees[SOONER] = _Trees(replace(rows, y=rows.sooner), settings, "narrow", rows.y)
    with work("training", sum(len(folds) * grower.n_seeds + grower.kept_seeds for grower in trees.values())):
        return _blended(rows, settings, folds, validated_on, trees)


def _blended(rows: Rows, settings: Settings, folds: list[Fold], validated_on: str, trees: dict[str, _Trees]) -> Blend:
    """Return blend members by their margins out of time, and fit them again on all rows."""
    half_life = _choose_half_life(rows, folds, settings) if validated_on == "time" else None
    weights = [_decay(None if rows.times is None else rows.times[t], rows.w[t], half_life) for t, _ in folds]
    valid = np.concatenate([v for _, v in folds])
    y, w = rows.y[valid], rows.w[valid]
    purchases = _purchase_member(rows, settings)
    margins = {name: np.concatenate(grower.out_of_time(folds, weights)) for name, grower in trees.items()}
    strengths: dict[float, float] = {}
    if "linear" in settings.members:
        margins["linear"], strengths = _linear_out_of_time(rows, settings, folds, weights)
    if purchases is not None:
        pairs = zip(folds, weights, strict=True)
        margins["purchases"] = np.concatenate([purchases.fit(rows.A[t], rows.y[t], u).margin(rows.A[v]) for (t, v), u in pairs])
    if not margins:
        raise UsageError("no-member", "none of the members asked for can learn from this", remedy="MBG/NBD needs horizon= and its columns.")
    panel = np.column_stack(list(margins.values()))
    offset = np.concatenate([after for _, after in rows.by_fold]) if rows.by_fold else np.zeros(len(y))
    share = blend_weights(panel, y, w, pull=_PULL, offset=offset)
    full = _decay(rows.times, rows.w, half_life)

    def refitted(name: str) -> list[Any]:
        """Return the members of one kind, fitted on all rows."""
        if name in trees:
            return list(trees[name].refit(full, 1.1))
        if name == "purchases" and purchases is not None:
            return [purchases.fit(rows.A, rows.y, full)]
        every = np.arange(len(rows.y))
        lines = [fit_line(rows, every, full, settings=settings, strength=strength, offset=rows.offset) for strength in strengths]
        return [mean_line(lines, list(strengths.values()))]

    members: list[Any] = []
    for name, weight in zip(margins, share, strict=True):
        chosen = refitted(name) if weight else []
        for member in chosen:
            member.weight *= float(weight)
        members += chosen
    if rows.offset is not None:
        members.append(CalendarMember(rows.A.shape[1] - 1))
    panel = panel + offset[:, None]
    calibration = _calibrate(settings.calibration, panel, share, y, w, out_of_time=validated_on == "time")
    record = {
        "weights": dict(zip(margins, share.tolist(), strict=True)),
        "rounds": {name: round(1.1 * grower.rounds) for name, grower in trees.items()},
        "half_life_days": None if half_life is None else half_life / DAY,
        "strengths": {str(strength): part for strength, part in strengths.items()},
        "folds": len(folds),
    }
    return Blend(members, calibration, validated_on, record)


def _calibrate(
    kind: str, panel: np.ndarray, share: np.ndarray, y: np.ndarray, w: np.ndarray, *, out_of_time: bool
) -> AffineCalibration | IsotonicCalibration:
    calibration = make_calibration(kind).fit(panel @ share, y, w)
    if out_of_time and kind == "affine" and isinstance(calibration, AffineCalibration):
        distrust(calibration, panel, share, y, w)
    return calibration


def distrust(calibration: AffineCalibration, panel: np.ndarray, share: np.ndarray, y: np.ndarray, w: np.ndarray) -> None:
    """Keep only the slope correction that averaging makes necessary, of a calibration measured on one later period.

    Averaging margins with different errors flattens the slope; comparing the slope of the mean with those of its members, in any period,
    shows by how much. The members' own slopes and the level may be specific to that period. The refit has learnt from it already, and
    correcting for it as well would assume that the drift goes on, which was wrong on more histories than right
    (docs/decisions/0003-blend.md).
    """
    margin = panel @ share
    middle = float(w @ margin / w.sum())
    own = [np.log(AffineCalibration().fit(panel[:, j], y, w).slope) for j in np.flatnonzero(share)]
    measured = calibration.slope
    averaging = measured / float(np.exp(share[share > 0] @ own))
    calibration.slope = float(np.clip(averaging, min(1.0, measured), max(1.0, measured)))
    calibration.intercept = middle - calibration.slope * middle


def _linear_out_of_time(
    rows: Rows, settings: Settings, folds: list[Fold], weights: list[np.ndarray]
) -> tuple[np.ndarray, dict[float, float]]:
    """Return margins of the validation rows under the mean of all penalties, and how much each strength has of it.

    Not under the best one alone: between near equals the choice changes from month to month, and reasons with it.
    """
    valid = np.concatenate([v for _, v in folds])
    margins, losses = [], []
    for strength in _STRENGTHS:
        offsets: list[np.ndarray | None] = [before for before, _ in rows.by_fold] or [None] * len(folds)
        lines = [
            fit_line(rows, t, u, settings=settings, strength=strength, offset=o)
            for (t, _), u, o in zip(folds, weights, offsets, strict=True)
        ]
        margins.append(np.concatenate([line.margin(rows.A[v]) for line, (_, v) in zip(lines, folds, strict=True)]))
        losses.append(_loss(margins[-1], rows.y[valid], rows.w[valid]))
    shares = np.exp((1 - np.array(losses) / min(losses)) / _ALIKE)
    shares = np.where(shares < _SLIGHT * shares.sum(), 0.0, shares)
    shares /= shares.sum()
    return np.column_stack(margins) @ shares, {strength: float(share) for strength, share in zip(_STRENGTHS, shares, strict=True) if share}
