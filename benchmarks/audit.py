"""The leakage audit: every planted leak named, silence on clean data, and what it costs beside training.

Run ``python benchmarks/audit.py [leaks] [clean] [alarms] [cost]``; without names it runs all. ``CHURNPREDICT_BUSINESSES`` sets how many
clean businesses are drawn (200). The real data sets are looked for in ``../shared/data`` and left out where they are absent.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

import churnpredict as cp
from _measure import Table, cpu, pin
from churnpredict.events.timing import OPEN
from churnpredict.pipeline.auditing import audit_tables, audit_training

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("CHURNPREDICT_DATA", ROOT.parent / "shared" / "data"))
BUSINESSES = int(os.environ.get("CHURNPREDICT_BUSINESSES", "200"))
sys.path.insert(0, str(ROOT))
from tests.faults.leaks import LEAKS, sound  # noqa: E402

DAY = 86_400_000_000


def rows_of(
    tables: cp.EventTables, snapshots: pd.DataFrame, name: str, *, ahead: int = 0, late: bool = False, ended: bool = False
) -> pd.DataFrame:
    """A hand-written feature function: rows (or ends) of each customer, with one mistake when asked for."""
    stream = tables.stream(name)
    moments = pd.to_datetime(snapshots["cutoff"]).to_numpy().astype("M8[us]").astype(np.int64)
    out = []
    for c, t in zip(tables.codes(snapshots["customer_id"]), moments, strict=True):
        rows = slice(stream.offsets[c], stream.offsets[c + 1])
        keep = stream.times[rows] < t + ahead
        if "known" in stream.columns and not late:
            keep &= stream.columns["known"][rows] < t
        if ended:
            keep &= stream.columns["end"][rows] != OPEN
        out.append(float(keep.sum()))
    return pd.DataFrame({"mine": out}, index=snapshots.index)


def _of_tables() -> list[tuple[str, str, cp.Audit]]:
    """Leaks that only tables show: name, expected code, what the audit said."""
    shop = cp.make_business(300, random_state=3, months=18, treatments=True)
    past = cp.take_snapshots(shop.tables, shop.churn, every="60d")
    handled = {"treatments": "treatments", "handled": "flag"}
    functions = {
        "own function counts after the cutoff": ("rows-after-cutoff", lambda t, s: rows_of(t, s, "orders", ahead=30 * DAY)),
        "own function includes the cutoff's day": ("rows-after-cutoff", lambda t, s: rows_of(t, s, "usage", ahead=DAY)),
        "own function ignores known_at": ("known-at-ignored", lambda t, s: rows_of(t, s, "returns", late=True)),
        "own function reads ends to come": ("end-not-yet-known", lambda t, s: rows_of(t, s, "tickets", ended=True)),
    }
    found = [(name, code, audit_tables(shop.tables, past, shop.churn, function=f, **handled)) for name, (code, f) in functions.items()]

    def plain(t: cp.EventTables, s: pd.DataFrame) -> pd.DataFrame:
        return rows_of(t, s, "orders")

    everybody = pd.DataFrame({"customer_id": past["customer_id"].unique(), "cutoff": past["cutoff"].max()})
    found.append(("snapshots of who had left", "already-left", audit_tables(shop.tables, everybody, shop.churn, function=plain, **handled)))
    found.append(("outcomes that were treated", "treated-outcomes", audit_tables(shop.tables, past, shop.churn, function=plain)))
    orders = cp.Events(shop.frames["orders"], customer="customer", time="paid_at")
    late = cp.EventTables(orders=orders, returns=cp.Events(shop.frames["returns"], customer="customer", time="returned_at"))
    found.append(("known_at not declared", "known-at-undeclared", audit_tables(late, past, shop.churn, function=plain)))
    gone = cp.EventTables(orders=orders, cancellations=cp.Events(shop.frames["cancellations"], customer="customer", time="at"))
    found.append(("cancelled before the cutoff", "already-left", audit_tables(gone, past, shop.churn, function=plain)))
    return found


def leaks() -> None:
    """Every planted leak, and the finding that names it."""
    table = Table("Planted leaks", ["leak", "found", "by", "sure"])
    missed = 0
    cases = [(name, codes, cp.audit(**plant(sound(), np.random.default_rng(1)))) for name, (plant, codes) in LEAKS.items()]
    cases += [(name, {code}, report) for name, code, report in _of_tables()]
    for name, codes, report in cases:
        hits = [f for f in report.alarms if f.code in codes]
        missed += not hits
        table.add(name, "yes" if hits else "NO", hits[0].code if hits else "-", f"{hits[0].sure:.2f}" if hits else "-")
    table.print()
    print(f"{len(cases) - missed} of {len(cases)} kinds found\n", flush=True)


def _said(report: cp.Audit) -> str:
    return "no alarm" if report.ok else "ALARM " + ", ".join(sorted({f"{f.code} {f.where}" for f in report.alarms}))


def real_sets() -> dict[str, Callable[[], cp.Audit]]:
    """Name -> a function that audits the set."""

    def cdnow(active: str) -> cp.Audit:
        orders = pd.read_parquet(DATA / "cdnow" / "transactions.parquet")
        tables = cp.EventTables(orders=cp.Events(orders, customer="customer_id", time="date", value="amount"))
        return cp.ChurnPipeline(cp.Inactivity("91d", of="orders", active_within=active)).audit(tables)

    def grocery() -> cp.Audit:
        visits = pd.read_parquet(DATA / "grocery_elog" / "transactions.parquet").astype({"cust": str, "date": "datetime64[us]"})
        return cp.ChurnPipeline(cp.Inactivity("180d", of="visits")).audit(
            cp.EventTables(visits=cp.Events(visits, customer="cust", time="date"))
        )

    def telco() -> cp.Audit:
        frame = pd.read_parquet(DATA / "flat" / "telco_ibm.parquet")
        X = frame.drop(columns=["Churn", "customerID"]).assign(TotalCharges=pd.to_numeric(frame["TotalCharges"], errors="coerce"))
        return cp.audit(X, frame["Churn"])

    def oulad() -> cp.Audit:
        tables, churn = _oulad()
        return cp.ChurnPipeline(churn).audit(tables)

    return {"cdnow": lambda: cdnow("182d"), "cdnow, everybody": lambda: cdnow("ever"), "grocery": grocery, "oulad": oulad, "telco": telco}


def _oulad() -> tuple[cp.EventTables, cp.Inactivity]:
    """Clicks of the students of one course presentation; attributes from before the course."""
    folder, course = DATA / "oulad_subset", {"code_module": "BBB", "code_presentation": "2013J"}
    start = pd.Timestamp("2013-10-07")

    def read(name: str) -> pd.DataFrame:
        frame = pd.read_parquet(folder / f"{name}.parquet")
        frame = frame[(frame["code_module"] == course["code_module"]) & (frame["code_presentation"] == course["code_presentation"])]
        return frame.assign(student=frame["id_student"].astype(str))

    clicks = read("student_vle")
    clicks = clicks.assign(at=start + pd.to_timedelta(pd.to_numeric(clicks["date"]), unit="D"), site=clicks["id_site"].astype(str))
    people = read("studentInfo")
    attributes = ["gender", "region", "highest_education", "age_band", "num_of_prev_attempts", "studied_credits"]
    people = people[["student", *attributes]].drop_duplicates("student")
    tables = cp.EventTables(
        students=cp.Customers(people, customer="student", attributes=attributes),
        clicks=cp.Events(clicks, customer="student", time="at", value="sum_click", item="site"),
    )
    return tables, cp.Inactivity("28d", of="clicks")


def clean() -> None:
    """Sound data: nothing may be said."""
    table = Table("Clean data", ["set", "audit"])
    for name, run in real_sets().items():
        table.add(name, _said(run()) if DATA.exists() else "not here")
    for rule in ("inactivity", "cancellation"):
        shop = cp.make_business(800, random_state=0, rule=rule)
        table.add(f"make_business, {rule}", _said(cp.ChurnPipeline(shop.churn).audit(shop.tables)))
    table.print()


def alarms() -> None:
    """The share of clean random businesses with any alarm."""
    rng = np.random.default_rng(0)
    wrong = tried = refused = 0
    for seed in range(BUSINESSES):
        n, months = int(rng.integers(80, 400)), int(rng.integers(9, 25))
        options = {"season": float(rng.uniform(0, 1)), "involuntary": float(rng.uniform(0, 0.5)), "distractors": float(rng.uniform(0, 0.6))}
        shop = cp.make_business(n, random_state=1000 + seed, months=months, rule="cancellation" if seed % 2 else "inactivity", **options)
        try:
            report = cp.ChurnPipeline(shop.churn, most_cutoffs=int(rng.integers(2, 13))).audit(shop.tables)
        except cp.ChurnError:
            refused += 1  # too short a history to train on: nothing to audit
            continue
        tried += 1
        if not report.ok:
            wrong += 1
            print(f"  business {seed} ({shop.rule}, {n} customers, {months} months): {_said(report)}", flush=True)
    share = f"{wrong / max(tried, 1):.1%} (allowed: below 1 %)"
    print(f"False alarms: {wrong} of {tried} clean random businesses, {share}; {refused} too short to train on\n", flush=True)


def cost() -> None:
    """CPU time of the audit beside that of training, defaults on both sides."""
    table = Table("Cost (CPU s, one core)", ["data", "rows x features", "features", "audit", "training", "audit / (features + training)"])
    sets: dict[str, tuple[cp.EventTables, object]] = {}
    shop = cp.make_business(400, random_state=0)
    sets["make_business"] = (shop.tables, shop.churn)
    if DATA.exists():
        orders = pd.read_parquet(DATA / "cdnow" / "transactions.parquet")
        orders = orders[orders["customer_id"] % 4 == 0]
        sets["cdnow, a quarter"] = (
            cp.EventTables(orders=cp.Events(orders, customer="customer_id", time="date", value="amount")),
            cp.Inactivity("91d", of="orders", active_within="182d"),
        )
    for name, (tables, churn) in sets.items():
        pipeline = cp.ChurnPipeline(churn, n_jobs=1)
        (X, outcomes), built = cpu(pipeline.training_rows, tables)
        audit_training(tables, churn, X[:500], outcomes[:500], features=pipeline.features_)  # compile what is compiled once
        begin = time.process_time()
        pipeline.audit(tables, rows=(X, outcomes))
        audited = time.process_time() - begin
        _, trained = cpu(pipeline.learn, X, outcomes)
        share = f"{audited / (built + trained):.1%}"
        table.add(name, f"{X.shape[0]:,} x {X.shape[1]}", f"{built:.1f}", f"{audited:.1f}", f"{trained:.1f}", share)
    table.print()


def main(names: list[str]) -> None:
    """Run the named parts, or all."""
    pin()
    warnings.simplefilter("ignore")
    known = {"leaks": leaks, "clean": clean, "alarms": alarms, "cost": cost}
    for name in names or list(known):
        known[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
