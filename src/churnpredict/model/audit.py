"""The leakage audit of a matrix: is the answer in the question?

Longer than most modules because each check is one short function, and they are best read side by side.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from churnpredict.errors import LeakageError, UsageError
from churnpredict.model.encoding import as_frame
from churnpredict.model.labels import read_labels
from churnpredict.model.metrics import auc
from churnpredict.model.split import customers_of, cutoffs_of, span_microseconds

__all__ = ["Audit", "Finding", "audit", "audit_matrix", "names_outcome"]

SEVERITIES = ("error", "warning", "note")
TOO_WELL = 0.98
_MOST_ROWS = 20_000  # a leak shows in a sample of customers as well as in all of them
_SCREEN = 4_000
_WIDE = 64  # columns that are enough to tell customers apart
_FEW = 10  # leaving customers below which nothing is said of a column
_CHANCE = 1e-6
_DAY = 86_400_000_000
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes
    ----------
    severity : {"error", "warning", "note"}
        An error makes figures of the model worthless; a warning wants a look; a note is for the record.
    code : str
        Stable name of the kind.
    where : str
        Column, table or rows.
    what, cure : str
    sure : float
        How sure, between 0 and 1.
    """

    severity: str
    code: str
    where: str
    what: str
    sure: float
    cure: str


@dataclass(frozen=True, repr=False)
class Audit:
    """What an audit found, gravest first; see :func:`audit`."""

    found: tuple[Finding, ...] = field(default=())

    def __post_init__(self) -> None:
        ranked = sorted(self.found, key=lambda f: (SEVERITIES.index(f.severity), -f.sure, f.code, f.where))
        object.__setattr__(self, "found", tuple(ranked))

    @property
    def findings(self) -> pd.DataFrame:
        """One row per finding: ``severity``, ``code``, ``where``, ``what``, ``sure``, ``cure``."""
        columns = ["severity", "code", "where", "what", "sure", "cure"]
        return pd.DataFrame([asdict(f) for f in self.found], columns=columns)

    @property
    def ok(self) -> bool:
        """No error and no warning."""
        return not self.alarms

    @property
    def alarms(self) -> tuple[Finding, ...]:
        """Errors and warnings."""
        return tuple(f for f in self.found if f.severity != "note")

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Errors alone."""
        return tuple(f for f in self.found if f.severity == "error")

    def __len__(self) -> int:
        return len(self.found)

    def __add__(self, other: Audit) -> Audit:
        return Audit((*self.found, *other.found))

    def raise_on(self, severity: str | None = "error") -> Audit:
        """Refuse if anything is at least as grave as ``severity``; gives itself back otherwise.

        Raises
        ------
        LeakageError
            ``leakage``, with the gravest findings in the message.
        """
        if severity is None:
            return self
        if severity not in SEVERITIES:
            raise UsageError("bad-severity", f"raise_on={severity!r}", remedy=f"Choose from {', '.join(SEVERITIES)}.")
        grave = [f for f in self.found if SEVERITIES.index(f.severity) <= SEVERITIES.index(severity)]
        if grave:
            first = "; ".join(f"{f.where}: {f.what}" for f in grave[:3])
            more = f"; and {len(grave) - 3} more" if len(grave) > 3 else ""
            raise LeakageError("leakage", f"the audit found {first}{more}", remedy=" ".join(dict.fromkeys(f.cure for f in grave[:3])))
        return self

    def _summary(self) -> str:
        counts = [(sum(f.severity == s for f in self.found), s) for s in SEVERITIES]
        return ", ".join(f"{n} {s}{'s' if n > 1 else ''}" for n, s in counts if n) or "nothing found"

    def __repr__(self) -> str:
        lines = [f"Audit: {self._summary()}"]
        for f in self.found:
            lines += [f"  {f.severity:<8}{f.where}  [{f.code}, {f.sure:.0%} sure]", f"          {f.what}", f"          -> {f.cure}"]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{c}</th>" for c in ("severity", "where", "what", "sure", "cure"))
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in (f.severity, f.where, f.what, f"{f.sure:.0%}", f.cure)) + "</tr>"
            for f in self.found
        )
        return f"<p><b>Audit: {self._summary()}</b></p><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


@dataclass(frozen=True)
class _Case:
    """What the checks look at; rows aligned. ``sample`` are the rows that checks of single columns use."""

    X: pd.DataFrame
    y: np.ndarray
    times: np.ndarray | None
    customers: np.ndarray | None
    purge: int | None
    folds: list[tuple[np.ndarray, np.ndarray]]
    names: Sequence[str]
    outcomes: pd.DataFrame | None

    @property
    def who(self) -> np.ndarray:
        return np.arange(len(self.y)) if self.customers is None else self.customers

    def take(self, rows: np.ndarray) -> _Case:
        times, customers = (None if v is None else v[rows] for v in (self.times, self.customers))
        return replace(self, X=self.X.iloc[rows], y=self.y[rows], times=times, customers=customers)


def audit(
    X: Any,
    y: Any,
    *,
    cutoff: Any = None,
    horizon: Any = None,
    gap: Any = None,
    customers: Any = None,
    folds: Any = None,
    raise_on: str | None = None,
) -> Audit:
    """Look for the answer in the question: leaks in a matrix, its labels and its folds.

    Looks for single columns that predict too well (by value, by single values, or by being filled at all), columns whose names or dates
    speak of the outcome, ids and times as features, rows on the wrong side of the cutoff, target encodings that saw the labels, customers
    who stand under several ids, outcomes already known at the cutoff, cutoffs at which all have one label, and folds that mix times.

    Parameters
    ----------
    X : frame (n, n_features)
        As for :class:`churnpredict.ChurnClassifier`.
    y : array (n,) or outcomes frame
    cutoff : time or array (n,) of times, optional
        By default the index level "cutoff".
    horizon, gap : span, optional
        The outcome window is ``[cutoff + gap, cutoff + gap + horizon)``; without it overlapping windows cannot be seen.
    customers : array (n,), optional
        By default the index level "customer_id".
    folds : splitter or sequence of (train, test) positions, optional
        How the model will be validated.
    raise_on : {"error", "warning", "note"}, optional
        Refuse when something at least as grave is found.

    Returns
    -------
    Audit
        ``.findings`` (frame), ``.ok`` (no errors, no warnings), ``.alarms``, ``.errors``.

    Raises
    ------
    LeakageError
        On request.

    Notes
    -----
    Of what leakage is: Kaufman et al., "Leakage in Data Mining", ACM TKDD 6(4), 2012. A column "predicts too well" when the one-sided 95 %
    bound of its AUC (Hanley and McNeil 1982, counting customers, not rows) lies above .98.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = (rng.random(500) < 0.3).astype(int)
    >>> X = pd.DataFrame({"orders": rng.poisson(5, 500), "cancel_reason_code": np.where(y == 1, rng.integers(1, 5, 500), np.nan)})
    >>> found = audit(X, y)
    >>> found.ok, found.findings["code"].tolist(), found.findings["where"].unique().tolist()
    (False, ['missing-tells', 'names-outcome'], ['column "cancel_reason_code"'])
    """
    report = audit_matrix(X, y, cutoff=cutoff, horizon=horizon, gap=gap, customers=customers, folds=folds)
    return report.raise_on(raise_on)


def audit_matrix(
    X: Any,
    y: Any,
    *,
    cutoff: Any = None,
    horizon: Any = None,
    gap: Any = None,
    customers: Any = None,
    folds: Any = None,
    names: Sequence[str] | None = None,
) -> Audit:
    """As :func:`audit`; ``names`` are the columns whose names are evidence, all by default."""
    frame = as_frame(X)
    if frame is None:
        A = np.asarray(X)
        frame = pd.DataFrame(A, columns=[f"x{j}" for j in range(A.shape[1])])
    target, _ = read_labels(y, positive=_left(y))
    times, who = cutoffs_of(frame, cutoff), customers_of(frame, customers)
    for name, given in (("y", target), ("cutoff", times), ("customers", who)):
        if given is not None and len(given) != len(frame):
            raise UsageError("unequal-lengths", f"X has {len(frame)} rows and {name} {len(given)}", remedy="Pass one value per row.")
    purge = None if horizon is None else span_microseconds(horizon) + (0 if gap is None else span_microseconds(gap))
    outcomes = y if isinstance(y, pd.DataFrame) and "duration" in y.columns else None
    pairs = [] if folds is None else list(folds.split(frame, target) if hasattr(folds, "split") else folds)
    frame = frame.set_axis([str(c) for c in frame.columns], axis=1)
    case = _Case(frame, target, times, who, purge, pairs, list(frame.columns) if names is None else names, outcomes)
    found: list[Finding] = []
    for check in _OF_ROWS:
        found += check(case)
    if 0 < target.sum() < len(target):
        sample = case.take(_sample(case.who))
        for test in _OF_COLUMNS:
            found += test(sample)
    return Audit(tuple(_strongest(found)))


def _left(y: Any) -> Any:
    """Of two text labels, the one that can only mean that somebody left."""
    if isinstance(y, pd.DataFrame):
        return None
    classes = pd.unique(pd.Series(np.asarray(y).ravel()).dropna())
    if len(classes) != 2 or all(isinstance(c, (int, float, np.number)) and not isinstance(c, (bool, np.bool_)) for c in classes):
        return None
    return next((c for c in classes if str(c).lower() in ("yes", "true", "churn", "churned", "left", "1", "y")), None)


def _strongest(found: list[Finding]) -> Iterator[Finding]:
    """One finding per code and place."""
    seen: set[tuple[str, str]] = set()
    for f in found:
        if (f.code, f.where) not in seen:
            seen.add((f.code, f.where))
            yield f


def _sample(who: np.ndarray) -> np.ndarray:
    """Rows of so many customers that there are about ``_MOST_ROWS`` rows; all rows of a customer or none."""
    if len(who) <= _MOST_ROWS:
        return np.arange(len(who))
    codes, distinct = pd.factorize(who)
    kept = np.random.default_rng(0).random(len(distinct)) < _MOST_ROWS / len(who)
    return np.flatnonzero(kept[codes])


def _column(name: str) -> str:
    return f'column "{name}"'


# --- single columns ---


def _numbers(column: pd.Series) -> np.ndarray | None:
    kind = column.dtype
    if pd.api.types.is_bool_dtype(kind) or pd.api.types.is_numeric_dtype(kind):
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    return None


def _auc_bound(y: np.ndarray, score: np.ndarray, who: np.ndarray) -> tuple[float, float]:
    """AUC of a column, whichever way it points, and its one-sided 95 % lower bound, counting customers."""
    known = ~np.isnan(score)
    y, score, who = y[known], score[known], who[known]
    left, stayed = len(np.unique(who[y == 1])), len(np.unique(who[y == 0]))
    if left < _FEW or stayed < _FEW:
        return 0.5, 0.5
    a = auc(y, score)
    a = max(a, 1 - a)
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    variance = (a * (1 - a) + (left - 1) * (q1 - a * a) + (stayed - 1) * (q2 - a * a)) / (left * stayed)
    return a, a - 1.645 * float(np.sqrt(max(variance, 0.0)))


def _screen(A: np.ndarray, y: np.ndarray) -> np.ndarray:
    """AUC of every column where it is known, from a sample balanced between leavers and stayers."""
    rng = np.random.default_rng(0)
    parts = [np.flatnonzero(y == label) for label in (0, 1)]
    rows = np.concatenate([p if len(p) <= _SCREEN // 2 else rng.choice(p, _SCREEN // 2, replace=False) for p in parts])
    S, left = A[rows], y[rows] == 1
    known = ~np.isnan(S)
    ranks = rankdata(np.where(known, S, np.inf), axis=0)
    n1, n0 = (known & left[:, None]).sum(axis=0), (known & ~left[:, None]).sum(axis=0)
    total = np.where(known & left[:, None], ranks, 0).sum(axis=0) - n1 * (n1 + 1) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        found = total / (n1 * n0)
    return np.where((n1 > 0) & (n0 > 0), np.maximum(found, 1 - found), 0.5)


def _too_well(case: _Case) -> Iterator[Finding]:
    """Single features that predict better than the future allows: numbers by AUC, categories by their share of leavers."""
    cure = "Find out when this value is written. Drop it, or use its value as it stood before the cutoff."
    scores: dict[str, np.ndarray] = {}
    numeric = [c for c in case.X.columns if _is_numeric(case.X[c])]
    if numeric:
        A = case.X[numeric].to_numpy(dtype=np.float64, na_value=np.nan)
        rough = _screen(A, case.y)
        scores = {numeric[j]: A[:, j] for j in np.flatnonzero(rough > TOO_WELL - 0.03)}
    for name in case.X.columns.difference(numeric, sort=False):
        codes, levels = pd.factorize(case.X[name])
        if 2 <= len(levels) <= len(case.y) / 20:
            share = np.bincount(codes + 1, case.y, len(levels) + 1) / np.maximum(np.bincount(codes + 1, minlength=len(levels) + 1), 1)
            scores[name] = share[codes + 1]
    for name, score in scores.items():
        a, bound = _auc_bound(case.y, score, case.who)
        what = f"alone it tells leavers from stayers with an AUC of {a:.3f}; honest features rarely pass {TOO_WELL}"
        if bound > TOO_WELL:
            yield Finding("error", "predicts-too-well", _column(name), what, min(0.999, 0.95 + (bound - TOO_WELL) * 2.45), cure)
        elif a > TOO_WELL:
            yield Finding("note", "predicts-well", _column(name), what + ", but so few customers left that it may be chance", 0.5, cure)


def _is_numeric(column: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype))


def _missing_tells(case: _Case) -> Iterator[Finding]:
    """Whether a value is there at all says who left: it was written by the leaving, or by the staying."""
    missing = case.X.isna().to_numpy()
    some = np.flatnonzero(missing.any(axis=0) & ~missing.all(axis=0))
    left = case.y == 1
    gap = missing[left].mean(axis=0) - missing[~left].mean(axis=0)
    cure = "It is most likely written when a customer leaves, or stops being written. Drop it, or use it as it stood before the cutoff."
    for j in some:
        name, there = str(case.X.columns[int(j)]), ~missing[:, j]
        a, bound = _auc_bound(case.y, missing[:, j].astype(float), case.who) if abs(gap[j]) > 0.9 else (0.5, 0.5)
        if bound > TOO_WELL:
            side = "missing" if gap[j] > 0 else "filled"
            yield Finding("error", "missing-tells", _column(name), f"it is {side} for leavers and not for others (AUC {a:.3f})", 0.99, cure)
        elif (purity := _pure(there, case.y, case.who)) is not None and _is_sparse(there):
            what = f"all {int(there.sum()):,} rows in which it is filled left, while {left.mean():.0%} of all rows did"
            yield Finding("warning", "missing-tells", _column(name), what, 1 - purity, cure)


def _is_sparse(there: np.ndarray) -> bool:
    return bool(there.mean() < 0.5)


def _pure(rows: np.ndarray, y: np.ndarray, who: np.ndarray) -> float | None:
    """The chance that all customers of these rows left, if they left like others; None unless all did, and that is no chance."""
    if not rows.any() or not (y[rows] == 1).all():
        return None
    n = len(np.unique(who[rows]))
    chance = float(y.mean() ** n)
    return chance if n >= 20 and chance < _CHANCE else None


def _single_values(case: _Case) -> Iterator[Finding]:
    """Target encodings: each distinct value is the share of leavers among its rows, or belongs to one label alone."""
    base = case.y.mean()
    for name in case.X.columns:
        values = _numbers(case.X[name])
        if values is None:
            continue
        known = ~np.isnan(values)
        if known.sum() < 50 or np.nanmin(values) < 0 or np.nanmax(values) > 1 or not ((values > 0) & (values < 1)).any():
            continue
        distinct, code, n = np.unique(values[known], return_inverse=True, return_counts=True)
        if len(distinct) > known.sum() / 5:
            continue
        mean = np.bincount(code, case.y[known]) / n
        large = (n >= 5) & (distinct > 0) & (distinct < 1)
        if large.sum() < 3 or n[n >= 5].sum() < 0.8 * known.sum():
            continue
        v, m, k = distinct[large], mean[large], n[large]
        where, cure = _column(name), "Encode categories inside each training fold, from outcomes that were known before the cutoff."
        if _is_encoding(v, m, k, base):
            what = f"its {len(distinct)} values are the shares of leavers among the very rows that carry them"
            yield Finding("error", "target-encoding", where, what, 0.99, cure)
        elif np.isin(m, (0.0, 1.0)).all() and 0 < m.mean() < 1 and (1 - max(base, 1 - base)) * k.sum() > 20:
            what = f"each of its {len(distinct)} values belongs to leavers alone or to stayers alone, as in leave-one-out encodings"
            yield Finding("error", "target-encoding", where, what, 0.99, cure)


def _is_encoding(v: np.ndarray, mean: np.ndarray, n: np.ndarray, base: float) -> bool:
    """Whether v = (n mean + m base) / (n + m) for some m >= 0, far closer than sampling would allow."""
    noise = float(np.sqrt(np.mean(np.maximum(mean * (1 - mean), base * (1 - base) / 4) / n)))
    away = np.abs(base - v) > 1e-6
    m = float(np.median(np.maximum(n * (v - mean), 0)[away] / (base - v)[away])) if away.any() else 0.0
    guesses = (0.0, m, -m if m < 0 else float(np.median((n * (v - mean))[away] / (base - v)[away])) if away.any() else 0.0)
    for weight in guesses:
        if weight < 0:
            continue
        residual = float(np.sqrt(np.mean((v - (n * mean + weight * base) / (n + weight)) ** 2)))
        if residual < 0.03 * noise and float(np.std(v)) > 3 * residual:
            return True
    return False


# --- names, times, ids ---

_LEFT_WORDS = {
    *("churn", "churned", "churner", "churners", "attrition", "attrited", "exited", "unsubscribed", "unsubscribe", "deactivated"),
    *("deactivation", "terminated", "termination", "defected", "lapsed", "winback"),
}
_CANCEL = {"cancel", "canceled", "cancelled", "cancellation", "cancels", "closed", "closing", "closure", "exit", "quit", "leaving", "left"}
_WRITTEN = {"date", "at", "on", "time", "reason", "reasons", "flag", "code", "day", "survey", "interview", "type", "ts", "timestamp"}
_ACCOUNT = {"account", "customer", "subscription", "membership", "contract", "user", "client", "member"}
_GUESS = {"prediction", "predicted", "propensity", "proba"}
_HISTORY = {
    "count",
    "orders",
    "order",
    "num",
    "number",
    "n",
    "rate",
    "peer",
    "previous",
    "prior",
    "prev",
    "past",
    "before",
    "items",
    "peers",
}
_PLANNED = {"planned", "scheduled", "renewal", "trial", "promo", "promotion", "discount", "campaign"}


def _tokens(name: str) -> list[str]:
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return [t for t in re.split(r"[^a-z0-9]+", spaced.lower()) if t]


def names_outcome(name: str) -> str | None:  # noqa: PLR0911 - one line per meaning reads best
    """What of the outcome a column's name speaks of, or None.

    >>> names_outcome("CancelDate"), names_outcome("account_status"), names_outcome("marital_status")
    ('the moment or manner of leaving', 'a status that leaving changes', None)
    """
    words = _tokens(name)
    there = set(words)
    if there & _HISTORY:
        return None
    if there & _LEFT_WORDS:
        return "a model's score" if there & {"score", "risk", "probability", *_GUESS} else "the outcome itself"
    if there & _GUESS or words in (["score"], ["risk", "score"], ["risk"], ["probability"]):
        return "a model's score"
    if there & _CANCEL and (there & _WRITTEN or len(words) == 1 or there & {"is", "has", "was"}):
        return "the moment or manner of leaving"
    if words in (["target"], ["label"], ["outcome"], ["y"]):
        return "the outcome itself"
    if {"retention", "save"} & there and {"offer", "call", "flag", "desk"} & there:
        return "what was done because of the leaving"
    if "status" in there and (len(words) == 1 or there & _ACCOUNT):
        return "a status that leaving changes"
    ends = {"end", "ended", "ends", "enddate"} & there
    if ends and ("enddate" in there or there & {"date", "at", "on", "time"}) and not there & _PLANNED:
        return "the moment or manner of leaving"
    return None


def _named(case: _Case) -> Iterator[Finding]:
    """Columns whose names say that they speak of the outcome."""
    cure = "Drop it, or use its value as it stood before the cutoff (States, or Customers with valid_from=)."
    for name in case.names:
        meaning = names_outcome(name) if name in case.X else None
        if meaning is None:
            continue
        column = case.X[name]
        values = _numbers(column)
        if values is None:
            values = pd.factorize(column)[0].astype(float)
        strength = max(_auc_bound(case.y, np.where(np.isnan(values), -1e300, values), case.who)[0], 0.5)
        telling = strength > 0.8
        what = f"the name speaks of {meaning}" + (f", and it tells leavers apart (AUC {strength:.2f})" if telling else "")
        yield Finding("error" if telling else "warning", "names-outcome", _column(name), what, 0.95 if telling else 0.6, cure)


def _moments(column: pd.Series) -> np.ndarray | None:  # noqa: PLR0911 - one way out per kind of column
    """Times in microseconds (NaT as the smallest int64) of a column that holds times, as text or number too; None for others."""
    kind = column.dtype
    if pd.api.types.is_datetime64_any_dtype(kind):
        times = pd.DatetimeIndex(column)
        return np.asarray((times.tz_convert("UTC").tz_localize(None) if times.tz is not None else times).as_unit("us").asi8)
    known = column.dropna()
    if not len(known):
        return None
    if pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind):
        first = known.iloc[:200].to_numpy(dtype=np.float64)
        if not ((first >= 19_000_101) & (first <= 21_001_231) & (first % 1 == 0) & (first // 100 % 100 <= 12) & (first % 100 <= 31)).all():
            return None
        if len(np.unique(first // 100 % 100)) < 2 or (first // 100 % 100 < 1).any() or (first % 100 < 1).any():
            return None
        text = column.astype("Int64").astype("string")
        return np.asarray(pd.DatetimeIndex(pd.to_datetime(text, format="%Y%m%d", errors="coerce")).as_unit("us").asi8)
    if not all(_ISO.match(str(v)) for v in known.iloc[:50]):
        return None
    return np.asarray(
        pd.DatetimeIndex(pd.to_datetime(column.astype("string").str[:19], format="ISO8601", errors="coerce")).as_unit("us").asi8
    )


def _dates_and_ids(case: _Case) -> Iterator[Finding]:
    """Times, and ids, that pass for features; times after the cutoff are the future itself."""
    for name in case.X.columns:
        column = case.X[name]
        moments = _moments(column)
        if moments is not None:
            known = moments != np.iinfo(np.int64).min
            late = known & (moments >= case.times) if case.times is not None else np.zeros(len(known), bool)
            if late.any():
                what = f"{int(late.sum()):,} of {int(known.sum()):,} dates lie at or after the cutoff"
                cure = "Use only what was known before the cutoff."
                yield Finding("error", "date-after-cutoff", _column(name), what, 0.99, cure)
            else:
                cure = "Give days before the cutoff instead."
                yield Finding(
                    "warning", "date-as-feature", _column(name), "a date grows for ever: next month has none of its values", 0.9, cure
                )
        elif _is_id(column, case.who):
            cure = "Move it to the index, or drop it."
            yield Finding(
                "warning", "id-as-feature", _column(name), "nearly every customer has a value of its own: an identifier", 0.9, cure
            )


def _is_id(column: pd.Series, who: np.ndarray) -> bool:
    n = len(np.unique(who))
    if n < 50:
        return False
    if _is_numeric(column):
        if not {"id", "key", "index", "rowid", "uuid", "unnamed"} & set(_tokens(str(column.name))):
            return False
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        whole = values[~np.isnan(values)]
        return bool(len(whole) and (whole % 1 == 0).all() and len(np.unique(whole)) > 0.9 * n)
    return column.nunique() > 0.9 * n


def _at_the_cutoff(case: _Case) -> Iterator[Finding]:
    """Recency that is negative, or zero for nobody who left: rows at or after the cutoff were counted."""
    cure = "Count only rows with time < cutoff; a day's rows are known the day after."
    for name in case.X.columns:
        words = set(_tokens(name))
        if not ("since" in words or "recency" in words):
            continue
        values = _numbers(case.X[name])
        if values is None or not (values <= 0).any():
            continue
        negative = values < 0
        if negative.any():
            what = f"{int(negative.sum()):,} rows lie after the cutoff: the time since the last one is negative"
            yield Finding("error", "after-cutoff", _column(name), what, 0.99, cure)
            continue
        zero = values == 0
        near = (values > 0) & (values <= 7)
        n = len(np.unique(case.who[zero]))
        if near.sum() < 30 or not len(case.y[zero]) or case.y[zero].any():
            continue
        chance = float((1 - case.y[near].mean()) ** n)
        if chance < 1e-4:
            what = f"none of the {int(zero.sum()):,} rows at 0 left, while {case.y[near].mean():.1%} of those next to them did"
            yield Finding("error", "after-cutoff", _column(name), what + ": 0 seems to mean activity after the cutoff", 1 - chance, cure)


# --- rows, labels, folds ---


def _constant_labels(case: _Case) -> Iterator[Finding]:
    """Cutoffs at which everybody has one label: immature windows, or a rule that has already decided."""
    if case.times is None:
        return
    distinct, code, n = np.unique(case.times, return_inverse=True, return_counts=True)
    left = np.bincount(code, case.y)
    if len(distinct) < 2 or not 0 < case.y.sum() < len(case.y):
        return
    for c, total, leavers in zip(distinct, n, left, strict=True):
        if 0 < leavers < total:
            continue
        rest = (case.y.sum() - leavers) / max(len(case.y) - total, 1)
        chance = float((1 - rest) ** total if leavers == 0 else rest**total)
        if chance < 1e-4:
            said = "stayed" if leavers == 0 else "left"
            what = f"all {total:,} customers {said} at this cutoff, while {rest:.1%} left at the others"
            cure = "Most likely the outcome window is not fully observed: such rows have no label. Take earlier cutoffs."
            yield Finding("error", "constant-labels", f"cutoff {pd.Timestamp(c, unit='us').date()}", what, 1 - chance, cure)


def _time_order(case: _Case) -> Iterator[Finding]:
    """Rows twice, outcomes before their cutoff, outcomes after the window."""
    if case.times is not None and case.customers is not None:
        twice = int(pd.DataFrame({"c": case.customers, "t": case.times}).duplicated().sum())
        if twice:
            cure = "Keep one row per customer and cutoff."
            what = f"{twice:,} rows repeat a customer and cutoff"
            yield Finding("error", "duplicate-snapshot", "rows", what, 0.99, cure)
    if case.outcomes is None:
        return
    duration = np.asarray(case.outcomes["duration"], dtype=np.float64)
    early = int((duration[case.y == 1] <= 0).sum())
    if early:
        what = f"{early:,} outcomes happened at or before their cutoff: these customers had already left"
        yield Finding("error", "already-left", "rows", what, 0.99, "Take snapshots only of customers who can still leave (take_snapshots).")
    if case.purge is not None and (duration > case.purge / _DAY + 1e-6).any():
        what = f"{int((duration > case.purge / _DAY + 1e-6).sum()):,} outcomes lie beyond gap + horizon"
        yield Finding("error", "outcome-after-window", "rows", what, 0.95, "Label with the horizon that the model is for.")


def _left_before(case: _Case) -> Iterator[Finding]:
    """Customers whose earlier window had closed with "left" before a later cutoff, and who "leave" again without exception."""
    if case.times is None or case.customers is None or case.purge is None:
        return
    order = np.lexsort((case.times, case.customers))
    who, times, y = case.customers[order], case.times[order], case.y[order]
    first_left = pd.Series(np.where(y == 1, times, np.iinfo(np.int64).max // 2)).groupby(who).transform("min").to_numpy()
    known = first_left + case.purge <= times
    n, again = len(np.unique(who[known])), float(y[known].mean()) if known.any() else 0.0
    if n < 20 or again < 0.99:
        return
    what = (
        f'{int(known.sum()):,} rows are of customers whose earlier outcome was already known to be "left"; {again:.1%} of them leave again'
    )
    cure = "Take snapshots only of customers who can still leave: take_snapshots, or a shorter active_within=."
    final = case.outcomes is not None and not getattr(case.outcomes, "decided_at_end", True)
    yield Finding("error" if final else "note", "already-left", "rows", what, 0.99 if final else 0.6, cure)


def _duplicates(case: _Case) -> Iterator[Finding]:
    """Customers who stand under several ids: rows equal in everything, and in their labels, more often than chance allows.

    Poor rows (one purchase, few columns filled) are equal by chance. So only rows with more distinct values than the middle row
    count, and they must be equal no less often than they are equal in half of the columns.
    """
    X = case.X
    numeric = [c for c in X.columns if _is_numeric(X[c])]
    if len(X) < 100 or len(numeric) < 4:
        return
    rng = np.random.default_rng(0)
    part = X if X.shape[1] <= _WIDE else X[[X.columns[j] for j in sorted(rng.choice(X.shape[1], _WIDE, replace=False))]]
    chosen = range(part.shape[1])
    times = np.zeros(len(X), np.int64) if case.times is None else case.times
    codes = np.column_stack([pd.factorize(part[c])[0] for c in part.columns])
    ordered = np.sort(part[[c for c in part.columns if c in set(numeric)]].to_numpy(dtype=np.float64, na_value=np.nan), axis=1)
    richness = ((ordered[:, 1:] != ordered[:, :-1]) & ~np.isnan(ordered[:, 1:])).sum(axis=1)
    rich = richness > np.median(richness) if (richness > np.median(richness)).any() else np.ones(len(X), bool)
    halves = rng.permutation(len(chosen))[: max(len(chosen) // 2, 2)]
    same = _alike(np.column_stack([codes, times]), case.who, rich)
    half = _alike(np.column_stack([codes[:, halves], times]), case.who, rich)
    people = len(np.unique(case.who[same]))
    of = len(np.unique(case.who[rich]))
    if people < max(6, 0.005 * of) or same.sum() < 0.8 * half.sum():
        return
    group = pd.Series(_hashes(np.column_stack([codes, times]))[same])
    by_group = pd.Series(case.y[same]).groupby(group.to_numpy())
    agree = float((by_group.transform("min") == by_group.transform("max")).mean())
    if agree < 0.95:
        return
    across = ""
    for train, test in case.folds:
        keys = _hashes(np.column_stack([codes, times]))
        n = int(np.isin(keys[test][same[test]], keys[train][same[train]]).sum())
        across = f", {n:,} of them in test with a twin in training" if n else across
    what = f"{people:,} customers have rows that another customer has too, value for value{across}"
    cure = "One customer seems to stand under several ids: map them to one, or keep them in one fold."
    yield Finding("error" if across else "warning", "duplicate-customers", f"{int(same.sum()):,} rows", what, 0.9, cure)


def _hashes(codes: np.ndarray) -> np.ndarray:
    """One number per row of codes; rows of equal codes have the same, others another but for a chance of 2**-64."""
    weights = np.random.default_rng(7).integers(1, 2**62, codes.shape[1], dtype=np.uint64)
    mixed = np.asarray(pd.util.hash_array(codes.astype(np.int64).ravel())).reshape(codes.shape)
    return np.asarray((mixed * (2 * weights + 1)).sum(axis=1, dtype=np.uint64))


def _alike(codes: np.ndarray, who: np.ndarray, rich: np.ndarray) -> np.ndarray:
    """Rich rows that some other customer's rich row equals."""
    keys = pd.DataFrame({"key": _hashes(codes)[rich], "who": who[rich]})
    several = keys.groupby("key")["who"].transform("nunique") > 1
    found = np.zeros(len(codes), bool)
    found[np.flatnonzero(rich)[several.to_numpy()]] = True
    return found


def _folds(case: _Case) -> Iterator[Finding]:
    """Folds: windows that reach into the test, times at random, the same customers on both sides."""
    if not case.folds:
        return
    overlap = mixed = shared = rows = tested = 0
    for train, test in (_positions(f, len(case.y)) for f in case.folds):
        tested += len(test)
        if case.customers is not None:
            shared += int(np.isin(case.customers[test], case.customers[train]).sum())
        if case.times is None or len(np.unique(case.times)) < 2 or not len(test):
            continue
        rows += len(train)
        mixed += int((case.times[train] > case.times[test].min()).sum())
        if case.purge is not None:
            overlap += int((case.times[train] + case.purge > case.times[test].min()).sum())
    repeated = case.customers is not None and len(np.unique(case.customers)) < len(case.customers)
    cure = "Split along time and leave out training rows whose window reaches into the test: TemporalSplit(horizon=..., gap=...)."
    if mixed:
        what = f"{mixed / rows:.0%} of the training rows are later than the first row tested: times are split at random"
        yield Finding("error", "random-split", "folds", what, 0.99, cure)
    if overlap:
        what = f"the outcome windows of {overlap / rows:.0%} of the training rows reach into the test"
        yield Finding("error", "overlapping-windows", "folds", what, 0.99, cure)
    if shared and repeated:
        what = f"{shared / tested:.0%} of the rows tested are of customers who are in training too (at other cutoffs)"
        yield Finding(
            "note",
            "same-customer",
            "folds",
            what,
            0.99,
            "Usual when the customers to be scored are known; else keep them apart: apart=True.",
        )


def _positions(fold: Any, n: int) -> tuple[np.ndarray, np.ndarray]:
    train, test = (np.asarray(part) for part in fold)
    return tuple(np.flatnonzero(p) if p.dtype == bool and len(p) == n else p for p in (train, test))  # type: ignore[return-value]


_Check = Callable[[_Case], Iterator[Finding]]
_OF_ROWS: tuple[_Check, ...] = (_time_order, _constant_labels, _left_before, _duplicates, _folds)
_OF_COLUMNS: tuple[_Check, ...] = (_too_well, _missing_tells, _single_values, _named, _dates_and_ids, _at_the_cutoff)
