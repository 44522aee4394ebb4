"""What lifetimes and pymc-marketing share: tables of recency, frequency and money, and what MBG/NBD and BG/NBD say of a history."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

import churnpredict as cp
from churnpredict.model.purchases import PurchaseModel, fit_purchase_model

from .side import Row, row

__all__ = ["MONTH", "History", "expected_purchases", "fitted", "histories", "model_rows", "summary", "summary_rows", "with_first"]

Floats = npt.NDArray[np.float64]
MONTH = 30.436875  # days in numpy's mean month
_DAY = pd.Timedelta(days=1)


class History(NamedTuple):
    """A log with the day that ends its observation, and the name that the summaries of the other side begin with."""

    name: str
    log: Floats
    end: str


def histories(theirs: dict[str, npt.NDArray[Any]]) -> list[History]:
    """Return the logs that ship with lifetimes, each as often as it has ends."""
    return [
        History(f"{name}_{k}", theirs[f"{name}_log"], str(end))
        for name in ("cdnow", "example")
        for k, end in enumerate(theirs[f"{name}_ends"])
    ]


def orders(log: Floats, period: str = "D", *, numbered: bool = False) -> pd.DataFrame:
    """Return a log of (customer, day, amount), each row dated at the start of its day, week or month.

    With ``numbered``, the n-th week or month is written as the n-th day, so that a difference in days is one in weeks or months.
    """
    days = _dated(pd.to_datetime(log[:, 1].astype(np.int64), unit="D"), period, numbered)
    return pd.DataFrame({"customer": log[:, 0].astype(np.int64), "day": days, "eur": log[:, 2]})


def _dated(days: pd.DatetimeIndex, period: str, numbered: bool) -> pd.DatetimeIndex:
    periods = days.to_period(period)
    return pd.to_datetime(periods.asi8, unit="D") if numbered else periods.to_timestamp()


def _tables(frame: pd.DataFrame, end: pd.Timestamp) -> cp.EventTables:
    last = max(frame["day"].max(), end) + 2 * _DAY
    return cp.EventTables(orders=cp.Events(frame, customer="customer", time="day", value="eur", repeats="keep"), observed_until=last)


def summary(log: Floats, end: str, period: str = "D", *, numbered: bool = False) -> Floats:
    """Return repeat days, days from first to last, days since first, and mean repeat value by customer: (customers, 5), the id first.

    The other libraries' end is a day that counts, so the cutoff is the day after; for weeks and months it follows the date of the last one.
    """
    last = _dated(pd.DatetimeIndex([end]), period, numbered)[0]
    made = cp.diagnostics.rfm_summary(_tables(orders(log, period, numbered=numbered), last), last + _DAY).sort_index()
    return np.asarray(made.reset_index().to_numpy(dtype=np.float64))


def summary_rows(
    logs: list[History], theirs: dict[str, npt.NDArray[Any]], period: str, *, numbered: bool, why: str, unit: float = 1.0
) -> list[Row]:
    """Compare the four numbers of every customer; ``unit`` is the days that theirs are counted in."""
    word = {"D": "day", "W": "week", "M": "month"}[period]
    ours = np.vstack([summary(log, end, period, numbered=numbered) for _, log, end in logs])
    made = np.vstack([theirs[f"{name}_{period}_without"] for name, _, _ in logs])
    if not np.array_equal(ours[:, 0], made[:, 0]):
        raise ValueError(f"by {word}: other customers")
    ours[:, 2:4] /= unit
    return [
        row(f"frequency, recency and T by {word}", ours[:, 1:4], made[:, 1:4], limit=1e-12, why=why),
        row(f"monetary value by {word}", ours[:, 4], made[:, 4], limit=1e-9, why=why),
    ]


def with_first(log: Floats, end: str) -> tuple[Floats, Floats, Floats]:
    """Return active days, mean value of an active day, and days since the last one, customers in the order of their ids."""
    last = pd.Timestamp(end)
    made = cp.diagnostics.rfm(_tables(orders(log), last), last + _DAY).sort_index()
    days = made["active_days"].to_numpy(dtype=np.float64)
    return days, made["value"].to_numpy() / days, made["days_since_last"].to_numpy(dtype=np.float64)


def alive(parameters: Floats, history: Floats) -> Floats:
    """Return P(alive) under MBG/NBD."""
    odds = PurchaseModel(*map(float, parameters)).log_alive_odds(*history.T)
    return 1 / (1 + np.exp(-odds))


def expected_purchases(parameters: Floats, history: Floats, t: float) -> Floats:
    """Return expected purchases within t, from our probability of some purchase in a short window after a gap, over the gap.

    The rate of purchases after a gap is that probability divided by the window as the window goes to nothing (three windows, extrapolated);
    the expectation is its integral. So one number of theirs tests the formula with gaps from end to end.
    """
    model = PurchaseModel(*map(float, parameters))
    nodes, weights = np.polynomial.legendre.leggauss(24)
    total = np.zeros(len(history))
    for node, weight in zip((nodes + 1) * t / 2, weights * t / 2, strict=True):
        rates = [np.exp(model.log_silence(*history.T, horizon=h, gap=node)[1]) / h for h in (0.02, 0.01, 0.005)]
        first = 2 * rates[1] - rates[0], 2 * rates[2] - rates[1]
        total += weight * (4 * first[1] - first[0]) / 3
    return total


def fitted(history: Floats, prior: float) -> Floats:
    """Return r, alpha, a, b of our fit."""
    made = fit_purchase_model(*history.T, prior=prior)
    return np.array([made.r, made.alpha, made.a, made.b])


def model_rows(theirs: dict[str, npt.NDArray[Any]]) -> list[Row]:
    """Compare what both models say of the histories at the other side's parameters."""
    history, mbg, bg = theirs["history"], theirs["mbg_parameters"], theirs["bg_parameters"]
    again = history[:, 0] > 0
    less = bg - [0, 0, 0, 1]
    same = "Same formula; sums and powers in another order."
    moved = (
        "BG/NBD of customers who bought again is MBG/NBD with b smaller by 1, because nobody leaves at the first purchase there. "
        "Its own name is not offered here."
    )
    integral = "Integrated numerically here from the probability of a purchase after a gap, which this tests; there in closed form."
    once = (
        "BG/NBD calls every customer who bought once alive, with certainty; the largest difference is to MBG/NBD with its own parameters. "
        "This is why BG/NBD is not offered as a churn score."
    )
    return [
        row("MBG/NBD: P(alive) at equal parameters", alive(mbg, history), theirs["mbg_alive"], limit=1e-13, why=same),
        row(
            "MBG/NBD: purchases expected in 39 weeks",
            expected_purchases(mbg, history, 39.0),
            theirs["mbg_purchases"],
            limit=1e-6,
            why=integral,
        ),
        row(
            "BG/NBD: P(alive), bought again",
            alive(less, history[again]),
            theirs["bg_alive"][again],
            limit=1e-13,
            why=moved,
        ),
        row(
            "BG/NBD: purchases expected in 39 weeks, bought again",
            expected_purchases(less, history[again], 39.0),
            theirs["bg_purchases"][again],
            limit=1e-6,
            why=integral,
        ),
        row("BG/NBD: P(alive), bought once", alive(mbg, history[~again]), theirs["bg_alive"][~again], limit=None, why=once),
    ]
