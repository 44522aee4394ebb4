"""When customers leave: integrated Brier score of the curves of staying, beside hazardous' SurvivalBoost and scikit-survival's gradient
boosting on the same X, at three rolling cutoffs of each history.

Run ``python benchmarks/when.py [cdnow] [grocery] [oulad] [ravenstack]``; without names it runs all. The other two libraries run in an
interpreter of their own, which CHURNPREDICT_SURVIVAL names (``pip install hazardous scikit-survival``); without it only the curves are
measured, with Kaplan and Meier's beside them. Every customer at a test cutoff is observed for the whole period that is measured, so the
score is a plain mean of squared errors over days 1 to the end. Intervals are 95 % over customers, paired.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

import churnpredict as cp
from churnpredict.churn.leaving_times import leaving_times
from churnpredict.clock import DAY
from churnpredict.pipeline import leaving_curves
from quality import STARTS

DATA = Path(os.environ.get("CHURNPREDICT_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
JOBS = int(os.environ.get("CHURNPREDICT_JOBS", "1"))
OTHERS = os.environ.get("CHURNPREDICT_SURVIVAL")
MOST = int(os.environ.get("CHURNPREDICT_SURVIVAL_ROWS", "20000"))  # rows that the other two learn from
FEW = int(os.environ.get("CHURNPREDICT_SURVIVAL_FEW", "3000"))  # rows that scikit-survival learns from: its time grows with their square
YEAR, DAYS = 365, (30, 90, 180, 365)

CHILD = """
import sys, time, warnings
import numpy as np
warnings.simplefilter("ignore")
given = np.load(sys.argv[1])
X, T, E, Z, days = (given[k] for k in ("X", "T", "E", "Z", "days"))
out = {}
start = time.process_time()
import pandas as pd
from hazardous import SurvivalBoost
model = SurvivalBoost(random_state=0, show_progressbar=False)
model.fit(X, pd.DataFrame({"event": E.astype(int), "duration": np.maximum(T, 1e-3)}))
out["SurvivalBoost"] = model.predict_survival_function(Z, times=days.astype(float))
print(f"SurvivalBoost {time.process_time() - start:.0f}", flush=True)
start = time.process_time()
from sksurv.ensemble import GradientBoostingSurvivalAnalysis
from sksurv.util import Surv
middle = np.nanmedian(X, axis=0)
middle = np.where(np.isnan(middle), 0.0, middle)
fill = lambda a: np.where(np.isnan(a), middle, a)
model = GradientBoostingSurvivalAnalysis(random_state=0, max_features=0.4, subsample=0.7)
few = np.random.default_rng(1).permutation(len(X))[: int(sys.argv[3])]
model.fit(fill(X)[few], Surv.from_arrays(E[few].astype(bool), np.maximum(T[few], 1e-3)))
found = model.predict_survival_function(fill(Z), return_array=True)
places = np.searchsorted(model.unique_times_, days.astype(float), "right") - 1
out["scikit-survival"] = np.where(places[None, :] < 0, 1.0, found[:, np.maximum(places, 0)])
print(f"scikit-survival {time.process_time() - start:.0f}", flush=True)
np.savez(sys.argv[2], **out)
"""


def others(X: np.ndarray, T: np.ndarray, E: np.ndarray, Z: np.ndarray, days: np.ndarray) -> dict[str, np.ndarray]:
    """Chances of staying (n, days) by the other two libraries, learnt from the same rows."""
    if not OTHERS:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        rows, found = Path(folder) / "rows.npz", Path(folder) / "found.npz"
        np.savez(rows, X=X, T=T, E=E, Z=Z, days=days)
        done = subprocess.run([OTHERS, "-c", CHILD, str(rows), str(found), str(FEW)], check=False, capture_output=True, text=True)
        if done.returncode:
            print(done.stderr[-600:])
        print("    CPU s: " + ", ".join(done.stdout.split("\n")).rstrip(", "))
        return {} if not found.exists() else dict(np.load(found))


def kaplan_meier(T: np.ndarray, E: np.ndarray, days: np.ndarray) -> np.ndarray:
    """The share that stays until each day, the same for everybody."""
    order = np.argsort(T, kind="stable")
    T, E = T[order], E[order]
    times, first = np.unique(T, return_index=True)
    at_risk = len(T) - first
    left = np.add.reduceat(E.astype(float), first)
    stay = np.append(1.0, np.cumprod(1 - left / at_risk))
    return stay[np.searchsorted(times, days, "right")]


def as_numbers(X: pd.DataFrame, levels: dict[str, list]) -> np.ndarray:
    """Features as numbers, categories as codes of the training rows."""
    out = []
    for name in X.columns:
        column = X[name]
        if name in levels:
            codes = pd.Categorical(column.astype(object), categories=levels[name]).codes.astype(float)
            out.append(np.where(codes < 0, np.nan, codes))
        else:
            out.append(column.to_numpy(dtype=float))
    return np.column_stack(out)


def measure(
    title: str, tables: cp.EventTables, churn: object, at: str, *, until: str | None = None, most: int = YEAR, features=None
) -> list:
    """One cutoff: the curves and the others on the same rows; returns rows of the table."""
    past_until = int(tables.instant(until or at, "at"))
    past = tables.known_before(past_until)
    pipeline = cp.ChurnPipeline(churn, n_jobs=JOBS, features=features)
    pipeline.learn(*pipeline.training_rows(tables, until or at))
    test = cp.take_snapshots(tables, churn, at=at)
    opens = int(tables.instant(at, "at"))
    over = float(min(most, (churn.settled_until(tables) - opens) // DAY))
    truth = leaving_times(tables, test, churn, over)
    X_test = pipeline.features_of(tables, truth.index.to_frame(index=False))
    start = time.process_time()
    hazards = leaving_curves.learn_leaving(pipeline, tables, past_until, over)
    curves = leaving_curves.curves_of(pipeline.model_, churn, hazards, X_test)
    spent = time.process_time() - start
    days = np.arange(1.0, over + 1)
    snapshots = leaving_curves.curve_snapshots(pipeline, past, float(hazards.edges[-1]))
    seen = leaving_times(past, snapshots, churn, float(hazards.edges[-1]))
    X = pipeline.features_of(past, seen.index.to_frame(index=False))
    some = np.sort(np.random.default_rng(0).permutation(len(X))[:MOST])
    levels = {c: sorted(set(X[c].dropna().astype(object))) for c in X if not pd.api.types.is_numeric_dtype(X[c])}
    T, E = seen["days"].to_numpy()[some], seen["outcome"].to_numpy()[some] > 0
    found = {"model": curves.at(days)}
    found |= others(as_numbers(X.iloc[some], levels), T, E, as_numbers(X_test, levels), days)
    found["Kaplan-Meier"] = np.tile(kaplan_meier(T, E, days), (len(X_test), 1))
    left, seen_days = truth["outcome"].to_numpy() > 0, truth["days"].to_numpy()
    stays = ~(left[:, None] & (seen_days[:, None] <= days))
    scores = {name: ((stays - p) ** 2).mean(axis=1) for name, p in found.items()}
    draw = np.random.default_rng(0).integers(0, len(left), (200, len(left)))
    print(
        f"\n{title}, {at}: {len(truth):,} customers, {left.mean():.1%} left within {over:.0f} days; "
        f"hazards from {len(X):,} snapshots, observed up to {hazards.observed_days:.0f} days, {spent:.0f} s CPU"
    )
    rows = []
    for name, score in scores.items():
        apart = scores["model"] - score
        low, high = np.quantile(apart[draw].mean(axis=1), [0.025, 0.975])
        gaps = "  ".join(f"{d} d {found[name][:, d - 1].mean() - stays[:, d - 1].mean():+.3f}" for d in DAYS if d <= over)
        print(
            f"  {name:<16} IBS {score.mean():.4f}   model minus this {apart.mean():+.4f} [{low:+.4f}, {high:+.4f}]   "
            f"predicted minus observed: {gaps}"
        )
        rows.append((title, at, name, score.mean(), apart.mean(), low, high))
    sys.stdout.flush()
    return rows


def cdnow() -> list:
    """CD orders of a cohort."""
    orders = pd.read_parquet(DATA / "cdnow" / "transactions.parquet")
    tables = cp.EventTables(orders=cp.Events(orders, customer="customer_id", time="date", value="amount"))
    churn = cp.Inactivity("60d", of="orders", active_within="120d")
    return [row for at in ("1997-09-30", "1997-11-15", "1997-12-31") for row in measure("cdnow, 60 d", tables, churn, at)]


def grocery() -> list:
    """Visits to a grocery shop."""
    visits = pd.read_parquet(DATA / "grocery_elog" / "transactions.parquet").astype({"cust": str, "date": "datetime64[us]"})
    tables = cp.EventTables(visits=cp.Events(visits, customer="cust", time="date"))
    churn = cp.Inactivity("60d", of="visits", active_within="120d")
    return [row for at in ("2006-12-30", "2007-03-01", "2007-05-01") for row in measure("grocery_elog, 60 d", tables, churn, at)]


def oulad() -> list:
    """Students who stop clicking; learnt from two courses, tested on a third."""
    key = ["code_module", "code_presentation", "id_student"]
    wanted = pd.DataFrame([(m, p, pd.Timestamp(s)) for (m, p), s in STARTS.items()], columns=["code_module", "code_presentation", "starts"])
    clicks = pd.read_parquet(DATA / "oulad_subset" / "student_vle.parquet").merge(wanted, on=key[:2])
    clicks["enrolment"] = clicks["code_module"] + "-" + clicks["code_presentation"] + "-" + clicks["id_student"].astype(str)
    day = pd.to_numeric(clicks["date"], errors="coerce")
    clicks = clicks.assign(at=clicks["starts"] + pd.to_timedelta(day, unit="D"), site=clicks["id_site"].astype(str))
    clicks = clicks[~((clicks["code_presentation"] == "2013J") & (clicks["code_module"] == "BBB") & (day > 132))]
    tables = cp.EventTables(clicks=cp.Events(clicks, customer="enrolment", time="at", value="sum_click", item="site"))
    churn = cp.Inactivity("14d", of="clicks")
    features = [f for f in cp.catalog(tables) if not f.aggregate.startswith("season")]
    begin, test = (pd.Timestamp(STARTS[c]) for c in (("BBB", "2013B"), ("BBB", "2013J")))
    until = str((begin + pd.Timedelta(days=200)).date())
    ats = [str((test + pd.Timedelta(days=d)).date()) for d in (40, 60, 80)]
    return [row for at in ats for row in measure("oulad, 14 d", tables, churn, at, until=until, features=features)]


def ravenstack() -> list:
    """A made-up software business, in which leaving is near random."""
    read = {
        name: pd.read_parquet(DATA / "ravenstack" / f"{name}.parquet")
        for name in ("accounts", "feature_usage", "subscriptions", "churn_events", "support_tickets")
    }
    usage = read["feature_usage"].merge(read["subscriptions"][["subscription_id", "account_id"]], on="subscription_id")
    tables = cp.EventTables(
        accounts=cp.Customers(read["accounts"], customer="account_id", since="signup_date", attributes=["industry", "country"]),
        usage=cp.Events(usage, customer="account_id", time="usage_date", value="usage_count", kind="feature_name"),
        leaving=cp.Events(read["churn_events"], customer="account_id", time="churn_date"),
    )
    churn = cp.Cancellation("60d", of="leaving")
    return [row for at in ("2024-02-01", "2024-05-01", "2024-07-01") for row in measure("ravenstack, 60 d", tables, churn, at)]


def main() -> None:
    warnings.simplefilter("ignore")
    names = [a for a in sys.argv[1:] if not a.startswith("-")] or ["cdnow", "grocery", "oulad", "ravenstack"]
    rows = [row for name in names for row in globals()[name]()]
    rivals = [r for r in rows if r[2] not in ("model", "Kaplan-Meier")]
    above = [r for r in rivals if r[4] > 0]
    print(
        f"\nIBS not above the other at {len(rivals) - len(above)} of {len(rivals)}; significantly above at {sum(r[5] > 0 for r in rivals)}"
    )


if __name__ == "__main__":
    main()
