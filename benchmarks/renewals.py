"""Retention of revenue in the next four quarters: how often intervals of 80 % hold, against the spread of past quarters.

    python benchmarks/renewals.py [--businesses 200] [--data ../shared/data]

Simulated businesses differ in size, in how unequal their customers are, in terms (by the month, by the year, both), and in how much a level
wanders and all customers share a shock. Each is forecast from what was known at a cutoff and judged by the bridge of what came. The other
side is the mean of past quarters plus and minus 1.28 standard deviations. Real histories with money are judged at rolling cutoffs by month.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

import churnpredict as cp
from _measure import Table, pin

START, QUARTERS, AHEAD = pd.Timestamp("2018-01-01"), 20, 4
SIDES = ("forecast", "past spread")


def contracts(seed: int) -> pd.DataFrame:
    """Contracts of a business over 20 quarters: customers join, leave, pay less and pay more."""
    rng = np.random.default_rng(seed)
    edges = pd.date_range(START, periods=QUARTERS + 1, freq="QS")
    n, yearly, spread = int(np.exp(rng.uniform(np.log(60), np.log(1500)))), rng.choice([0.0, 0.5, 1.0]), rng.uniform(0.4, 1.2)
    size, shock, walk = rng.uniform(0.02, 0.12), rng.uniform(0, 0.5), rng.uniform(0, 0.12)
    moves = {"lost": size, "less": rng.uniform(0.01, 0.06), "more": rng.uniform(0.02, 0.2)}
    level = {m: np.cumsum(walk * rng.standard_normal(QUARTERS)) + shock * rng.standard_normal(QUARTERS) for m in moves}
    own = rng.normal(0, 0.5, n)
    joined = np.where(rng.random(n) < 0.4, 0, rng.integers(0, QUARTERS - 5, n))
    by_year, amount = rng.random(n) < yearly, np.round(np.exp(rng.normal(4, spread, n)), 2)
    first = edges[joined] + pd.to_timedelta(rng.integers(0, 85, n), unit="D")
    begun, rows, there = first.to_numpy().copy(), [], np.ones(n, bool)
    for q in range(QUARTERS):
        due = np.where(by_year, (q > joined) & ((q - joined) % 4 == 0), q > joined) & there
        at = np.where(
            by_year,
            _add_years(first, np.maximum((q - joined) // 4, 0)),
            edges[q].to_datetime64() + rng.integers(1, 88, n) * np.timedelta64(1, "D"),
        )
        odds = {m: np.log(p / (1 - p)) + np.where(by_year, np.log(3.0), 0.0) + level[m][q] for m, p in moves.items()}
        chance = {m: 1 / (1 + np.exp(-(o + (own if m == "lost" else 0.0)))) for m, o in odds.items()}
        u, size_of = rng.random(n), rng.uniform(0.05, 0.6, n)
        lost = due & (u < chance["lost"])
        v = rng.random(n)
        less = due & ~lost & (v < chance["less"])
        more = due & ~lost & ~less & (v > 1 - chance["more"])
        ends = lost | less | more | (due & by_year)
        rows.append(_rows(np.flatnonzero(ends), begun, at, by_year, amount))
        amount = np.round(np.where(less, amount * (1 - size_of), np.where(more, amount * (1 + size_of), amount)), 2)
        begun[ends] = at[ends]
        there &= ~lost
    last = _rows(np.flatnonzero(there), begun, None, by_year, amount)
    frame = pd.concat([*rows, last], ignore_index=True)
    return frame[frame["to"].isna() | (frame["to"] > frame["from"])]


def _add_years(first: pd.DatetimeIndex, years: np.ndarray) -> np.ndarray:
    months = first.to_numpy().astype("datetime64[M]") + (12 * years).astype("timedelta64[M]")
    day = np.minimum(first.day.to_numpy(), 28) - 1
    return (months.astype("datetime64[D]") + day.astype("timedelta64[D]")).astype("datetime64[ns]")


def _rows(who: np.ndarray, begun: np.ndarray, at: np.ndarray | None, by_year: np.ndarray, amount: np.ndarray) -> pd.DataFrame:
    start = pd.DatetimeIndex(begun[who])
    planned = np.where(by_year[who], _add_years(start, np.ones(len(who), int)), np.datetime64("NaT", "ns"))
    end = np.full(len(who), np.datetime64("NaT", "ns")) if at is None else at[who]
    return pd.DataFrame({"customer": who, "from": start, "to": end, "until": planned, "amount": amount[who]})


def declared(frame: pd.DataFrame, until: object) -> cp.EventTables:
    roles = {"customer": "customer", "start": "from", "end": "to", "planned_end": "until", "value": "amount", "end_inclusive": False} | {
        "money": True,
        "per": "month",
    }
    return cp.EventTables(contracts=cp.Intervals(frame, **roles), observed_until=until)


def judged(tables: cp.EventTables, at: pd.Timestamp, seen: pd.DataFrame, **options: object) -> list[tuple[str, str, int, bool, float]]:
    """Return (side, figure, quarters ahead, whether the interval held, its width) for a cutoff; ``seen`` are the figures of all periods."""
    coming = cp.accounting.retention_forecast(tables, at=at, **options)
    told = []
    for ahead, row in enumerate(coming.itertuples(), 1):
        if row.period not in seen.index:
            continue
        for figure in ("gross", "net"):
            came = float(seen.loc[row.period, f"{figure}_retention"])
            low, high = getattr(row, f"{figure}_low"), getattr(row, f"{figure}_high")
            told.append(("forecast", figure, ahead, bool(low <= came <= high), high - low))
            past = seen.loc[seen.index < coming["period"].iloc[0], f"{figure}_retention"].dropna().astype(float)
            half = 1.28 * past.std()
            told.append(("past spread", figure, ahead, bool(abs(came - past.mean()) <= half), 2 * half))
    return told


def simulated(seed: int) -> list[tuple[str, str, int, bool, float]]:
    tables = declared(contracts(seed), START + pd.DateOffset(months=3 * QUARTERS))
    seen = cp.accounting.revenue_bridge(tables, value="contracts", period="Q", min_group=1).set_index("period")
    cutoff = START + pd.DateOffset(months=3 * (QUARTERS - AHEAD))
    return judged(tables, cutoff, seen, value="contracts", random_state=seed)


def payments_by_month(path: Path) -> list[tuple[str, str, int, bool, float]]:
    """Orders of one set of customers: what those of a month order in the next."""
    frame = pd.read_parquet(path)
    log = cp.Events(frame, customer="customer_id", time="date", value="amount", repeats="keep")
    tables = cp.EventTables(orders=log, observed_until="1998-07-01")
    paid = frame.assign(month=pd.PeriodIndex(frame["date"], freq="M")).pivot_table(
        index="customer_id", columns="month", values="amount", aggfunc="sum", fill_value=0.0
    )
    rows = {}
    for before, month in zip(paid.columns[:-1], paid.columns[1:], strict=True):
        first, last = paid[before].clip(lower=0), paid[month].clip(lower=0)
        had = first > 0
        rows[str(month)] = (np.minimum(first, last)[had].sum() / first.sum(), last[had].sum() / first.sum())
    seen = pd.DataFrame.from_dict(rows, orient="index", columns=["gross_retention", "net_retention"])
    told = []
    for at in pd.date_range("1997-09-01", "1998-06-01", freq="MS"):
        told += judged(tables, at, seen, value="orders", period="M")
    return told


def subscriptions_by_month(path: Path) -> list[tuple[str, str, int, bool, float]]:
    """Subscriptions of accounts, made by a generator of others."""
    frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    for column in ("start_date", "end_date"):
        frame[column] = pd.to_datetime(frame[column])
    kept = frame[frame["end_date"].isna() | (frame["end_date"] > frame["start_date"])]
    roles = {"customer": "account_id", "start": "start_date", "end": "end_date", "value": "mrr_amount", "end_inclusive": False} | {
        "money": True,
        "per": "month",
    }
    last = max(kept["start_date"].max(), kept["end_date"].max()) + pd.Timedelta(days=1)
    tables = cp.EventTables(contracts=cp.Intervals(kept, **roles), observed_until=last)
    seen = cp.accounting.revenue_bridge(tables, value="contracts", period="M", min_group=1).set_index("period").dropna(subset=["end"])
    told = []
    for at in pd.date_range(pd.Period(seen.index[8]).start_time, pd.Period(seen.index[-1]).start_time, freq="MS"):
        told += judged(tables, at, seen, value="contracts", period="M")
    return told


def show(title: str, told: list[tuple[str, str, int, bool, float]], by_quarter: bool) -> None:
    frame = pd.DataFrame(told, columns=["side", "figure", "ahead", "held", "width"])
    table = Table(title, ["side", "retention", "periods ahead", "intervals", "held", "mean width", "promise"])
    for side in SIDES:
        own = frame[frame["side"] == side]
        keys = ["figure", "ahead"] if by_quarter else ["figure"]
        groups = [*own.groupby(keys), (("both", "all") if by_quarter else ("both",), own)]
        for key, rows in groups:
            figure, ahead = (*key, "all")[:2]
            promise = "75 to 85 %" if side == "forecast" else ""
            table.add(side, figure, str(ahead), f"{len(rows):,}", f"{rows['held'].mean():.1%}", f"{rows['width'].mean():.3f}", promise)
    table.print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--businesses", type=int, default=200)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    pin()
    warnings.simplefilter("ignore")
    told = [row for seed in range(options.businesses) for row in simulated(seed)]
    show(f"{options.businesses} simulated businesses, four quarters ahead, intervals of 80 %", told, by_quarter=True)
    real = {"orders by month, rolling cutoffs": (payments_by_month, "cdnow/transactions.parquet")}
    found = sorted((options.data / "ravenstack").glob("*subscriptions*"))
    if found:
        real["subscriptions of a generator, rolling cutoffs"] = (subscriptions_by_month, str(found[0].relative_to(options.data)))
    for title, (judge, name) in real.items():
        if (options.data / name).exists():
            show(title, judge(options.data / name), by_quarter=False)
        else:
            print(f"{title}: skipped, {options.data / name} is not there")


if __name__ == "__main__":
    main()
