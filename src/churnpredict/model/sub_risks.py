"""Sub-risks: split a risk by outcome and by earlier horizons, learnt from leavers.

Let T be the time of leaving within the horizon H, h1 < h2 < H, and K the outcome:

    P(T <= h2)           = P(T <= H) * P(T <= h2 | T <= H)
    P(T <= h1)           = P(T <= h2) * P(T <= h1 | T <= h2)
    P(T <= h, K = lost)  = P(T <= h) * P(K = lost | T <= H)
    P(T <= h, K = left)  = P(T <= h) - P(T <= h, K = lost)

Every factor is a probability, so the risk within a shorter horizon is never higher, and both outcomes always sum to the risk. (The factors
of time are discrete hazards in reverse time. They end in the total risk, which is estimated once, from all rows.) Given the features, being
lost is assumed not to depend on the time of leaving.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from churnpredict.errors import OutcomeError, UsageError, closest
from churnpredict.model.calibration import sigmoid
from churnpredict.model.split import Window, cutoffs_of, zone_of
from churnpredict.model.training import SOONER, Rows, Settings, train
from churnpredict.spans import SpanLike, span, span_text

__all__ = [
    "LOST",
    "OUTCOMES",
    "Share",
    "earlier_horizons",
    "expected_days",
    "learn_shares",
    "multiply",
    "product_shares",
    "refuse_earlier_horizons",
    "shares_of",
]

LOST = "lost"
OUTCOMES = ("left", LOST)
_DAY = 86_400_000_000
_FEWEST = 25  # leavers on either side below which everybody gets the same share
_BELIEF = 1.0  # leavers of either kind added as a prior


@dataclass
class Share:
    """A conditional probability given that the customer leaves (of one outcome, or of an earlier horizon), additive in log-odds like a
    risk.

    Attributes
    ----------
    name : str
        ``"lost"``, or a horizon such as ``"30d"``.
    days : float or None
        The horizon in days; None for an outcome.
    rate : float
        The share among the training leavers.
    members, calibration
        Like those of a classifier; without members everybody has the share ``rate``.
    """

    name: str
    days: float | None
    rate: float
    members: list[Any]
    calibration: Any

    def log_odds(self, A: np.ndarray) -> np.ndarray:
        """Return calibrated log-odds (n,) of encoded rows A (n, n_features)."""
        if not self.members:
            return np.full(len(A), self.constant)
        return np.asarray(self.calibration.transform(sum(m.weight * m.margin(A) for m in self.members)), dtype=np.float64)

    @property
    def constant(self) -> float:
        """Log-odds of the rate."""
        return float(np.log(self.rate) - np.log1p(-self.rate))


def earlier_horizons(horizons: Any, horizon: Any) -> dict[str, float]:
    """Return horizons before the whole one, by name, in days, shortest first.

    >>> earlier_horizons(["60d", "30d", "90d"], "90d")
    {'30d': 30.0, '60d': 60.0}
    """
    if horizons is None:
        return {}
    if isinstance(horizons, str) or not isinstance(horizons, Sequence):
        raise UsageError("bad-horizons", f"horizons={horizons!r}", remedy='Give a list of spans such as ["30d", "60d"].')
    if horizon is None:
        raise UsageError("no-horizon", "horizons= needs the whole horizon too", remedy='Pass horizon= too, such as "90d".')
    whole = span(horizon, "horizon").nominal / _DAY
    days = {span_text(one, "horizons"): span(one, "horizons").nominal / _DAY for one in horizons}
    if any(d > whole for d in days.values()):
        raise UsageError("bad-horizons", f"horizons={list(horizons)!r} are not all shorter than {horizon}", remedy="Give shorter spans.")
    return {name: d for name, d in sorted(days.items(), key=lambda item: item[1]) if d < whole}


def refuse_earlier_horizons(rule: str) -> NoReturn:
    """Raise an error for rules without earlier horizons, such as inactivity, and name the rules that have them.

    Raises
    ------
    OutcomeError
        ``shorter-horizon``.
    """
    raise OutcomeError(
        "shorter-horizon",
        f"{rule} knows only at the end of the whole horizon who has left, so there are no earlier horizons",
        remedy="Leave out horizons=, or train one model for each length of silence. horizons= works with rules that know the day of "
        "leaving: SubscriptionEnd, Cancellation, TrialEnd, DownSell and WinBack.",
    )


def shares_of(y: Any, horizons: Mapping[str, float], *, gap: Any) -> dict[str, np.ndarray]:
    """Return the targets of the shares: 0 or 1 for each row, and -1 for rows that do not take part.

    Raises
    ------
    UsageError
        ``no-duration``: earlier horizons without the times of leaving.
    OutcomeError
        ``shorter-horizon``: leaving is known only when the whole window has passed, as with inactivity.
    """
    framed = isinstance(y, pd.DataFrame) and "outcome" in y.columns
    found: dict[str, np.ndarray] = {}
    if horizons:
        if not framed or "duration" not in y.columns:
            raise UsageError(
                "no-duration", "horizons= needs the times at which customers left", remedy="Pass the outcomes frame of label_churn as y."
            )
        if getattr(y, "decided_at_end", False):
            refuse_earlier_horizons("the rule of these outcomes")
        duration, asked = np.asarray(y["duration"], dtype=np.float64), np.asarray(y["outcome"]) != 0
        times, zone = cutoffs_of(y), zone_of(y)
        for name in reversed(list(horizons)):
            early = asked & (duration < Window.of(name, gap, zone).days(times))
            found[name] = np.where(asked, early, -1).astype(np.int8)
            asked = early
    if framed:
        outcome = np.asarray(y["outcome"])
        if (outcome == 1).any() and (outcome == 2).any():
            found[LOST] = np.where(outcome == 0, -1, outcome == 2).astype(np.int8)
    return found


def left_sooner(y: Any, horizon: Any, *, gap: Any) -> np.ndarray:
    """Return labels (n,): 1 where a customer left in the first third of the window, rounded to days.

    Examples
    --------
    >>> y = pd.DataFrame({"outcome": [1, 1, 0, 2], "duration": [10.0, 30.0, 90.0, 29.0]})
    >>> left_sooner(y, "90d", gap=None).tolist()
    [1.0, 0.0, 0.0, 1.0]

    Raises
    ------
    UsageError
        ``no-duration``: y does not hold the days on which customers left; ``no-horizon``.
    """
    if horizon is None:
        raise UsageError("no-horizon", 'the member "sooner" needs the horizon', remedy='Pass horizon= too, such as "90d".')
    if not isinstance(y, pd.DataFrame) or not {"outcome", "duration"} <= set(y.columns) or getattr(y, "decided_at_end", False):
        raise UsageError(
            "no-duration",
            'the member "sooner" needs the days on which customers left',
            remedy="Pass the outcomes frame of label_churn as y, of a rule that knows the day of leaving, or leave it out.",
        )
    third = f"{max(1, round(span(horizon, 'horizon').nominal / _DAY / 3))}d"
    return np.asarray(shares_of(y, {third: 0.0}, gap=gap)[third] == 1, dtype=np.float64)


def learn_shares(rows: Rows, targets: Mapping[str, np.ndarray], horizons: Mapping[str, float], settings: Settings) -> dict[str, Share]:
    """Learn a share for each target from the rows that take part; one number for all where there are few leavers."""
    return {name: _learn(rows, target, name, horizons.get(name), settings) for name, target in targets.items()}


def _learn(rows: Rows, target: np.ndarray, name: str, days: float | None, settings: Settings) -> Share:
    asked = np.flatnonzero(target >= 0)
    y, w = (target[asked] == 1).astype(np.float64), rows.w[asked]
    rate = float((w @ y + _BELIEF) / (w.sum() + 2 * _BELIEF))
    if min(y.sum(), (1 - y).sum()) < _FEWEST:
        return Share(name, days, rate, [], None)
    part = replace(
        rows,
        A=np.ascontiguousarray(rows.A[asked]),
        y=y,
        w=w / w.mean(),
        times=None if rows.times is None else rows.times[asked],
        customers=None if rows.customers is None else rows.customers[asked],
        offset=None,  # the season moves the whole risk; its column is empty here, so that no share depends on it
        by_fold=(),
        sooner=None,
    )
    # MBG/NBD and monotone constraints are about leaving, not about how or when. Leavers are few: validation splits by customer
    # (horizon=None), not by time, or the folds would learn from so few rows that their shares were shrunk too much.
    members = tuple(m for m in settings.members if m not in ("purchases", SOONER)) or ("trees",)
    blend = train(part, replace(settings, members=members, window=None, monotone=(), n_seeds=1))
    return Share(name, days, rate, blend.members, blend.calibration)


def product_shares(
    shares: Mapping[str, Share], outcome: str | None, horizon: SpanLike | None, whole: float | None
) -> list[tuple[Share, float]]:
    """Return the shares by which the risk is multiplied, each with +1, or -1 for its complement.

    Raises
    ------
    UsageError
        ``unknown-outcome-name``, ``no-outcomes-apart`` or ``unknown-horizon``.
    """
    chain: list[tuple[Share, float]] = []
    if horizon is not None:
        days = span(horizon, "horizon").nominal / _DAY
        timed = [s for s in shares.values() if s.days is not None]
        known = [s.days for s in timed] + [whole]
        if days not in known:
            names = [s.name for s in timed]
            raise UsageError(
                "unknown-horizon",
                f'horizon "{horizon}" was not learnt; there are: {", ".join(names) or "none but the whole one"}',
                remedy="Name it in horizons= before training.",
            )
        chain += [(s, 1.0) for s in timed if s.days is not None and s.days >= days]
    if outcome is not None:
        if not isinstance(outcome, str) or outcome not in OUTCOMES:
            raise UsageError("unknown-outcome-name", f"outcome={outcome!r}.{closest(outcome, OUTCOMES)}", remedy='Use "left" or "lost".')
        if LOST not in shares:
            raise UsageError(
                "no-outcomes-apart",
                "the training did not distinguish customers who left from customers who were lost",
                remedy="Train on an outcomes frame that holds outcomes 1 and 2, such as that of Cancellation(involuntary=[...]).",
            )
        chain.append((shares[LOST], 1.0 if outcome == LOST else -1.0))
    return chain


def multiply(risk: np.ndarray, chain: Sequence[tuple[Share, float]], A: np.ndarray) -> np.ndarray:
    """Return the risk (n,) times its shares."""
    for share, sign in chain:
        risk = risk * sigmoid(sign * share.log_odds(A))
    return risk


def expected_days(times: Sequence[float], alive: Sequence[np.ndarray]) -> np.ndarray:
    """Return the mean time to leaving (n,) from the shares (n,) remaining at increasing times that start at 0; the last hazard is
    extrapolated.

    >>> month = np.exp(-30 / 200)
    >>> expected_days([0.0, 30.0, 60.0], [np.ones(1), np.array([month]), np.array([month**2])]).round().tolist()
    [200.0]
    """
    within = sum((b - a) * (s + t) / 2 for a, b, s, t in zip(times, times[1:], alive, alive[1:], strict=False))
    last = np.maximum(alive[-1], 1e-12)  # no risk is exactly 1
    hazard = np.log(np.maximum(alive[-2], last) / last) / (times[-1] - times[-2])
    return np.asarray(within + last / np.maximum(hazard, 1e-9))
