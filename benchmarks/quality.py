"""Quality on real histories: strict time splits, columns named and nothing tuned, each figure beside the old baselines.

Run ``python benchmarks/quality.py [cdnow] [grocery] [oulad] [telco] [--peers] [--sooner]``; without names it runs all. Intervals are
95 % over customers. ``--peers`` adds what scikit-learn, XGBoost and CatBoost reach on the same X, and LightGBM on featuretools' features
(peers.py), at the last cutoff of each set. ``--sooner`` adds the blend with trees that learn who left in the first third of the window,
and what both cost, where the day of leaving is known: students who un-register.
The data are not part of the project: they are looked for in ``../shared/data`` beside the checkout, or in CHURNPREDICT_DATA.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

import churnpredict as cp
from churnpredict.evaluation.comparison import baseline_risks, judge
from churnpredict.evaluation.verdict import reach_verdict

DATA = Path(os.environ.get("CHURNPREDICT_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
ROUNDS = 200
JOBS = int(os.environ.get("CHURNPREDICT_JOBS", "1"))
PEERS, SOONER = "--peers" in sys.argv, "--sooner" in sys.argv
SHOWN = ("auc", "log_loss", "lift_10", "calibration_gap", "calibration_slope")


def show(title: str, figures: pd.DataFrame, *, n: int, leavers: int, target: str) -> None:
    """One block: the model and its baselines, line by line."""
    print(f"\n{title}: {n:,} customers, {leavers / n:.1%} left. To reach: {target}")
    print(f"  {'':<22}" + "".join(f"{m:>26}" for m in SHOWN))
    for model in dict.fromkeys(figures["model"]):
        part = figures[figures["model"] == model].set_index("metric")
        cells = (f"{part.value[m]:.4f} [{part.low[m]:.3f}, {part.high[m]:.3f}]" for m in SHOWN)
        print(f"  {model:<22}" + "".join(f"{c:>26}" for c in cells))
    loss = figures[figures["metric"] == "log_loss"].set_index("model")["value"]
    rivals = [loss[m] for m in ("MBG/NBD", "one-snapshot LightGBM") if m in loss]
    if rivals:
        print(f"  log loss not above the better of MBG/NBD and one snapshot: {'yes' if loss['model'] <= min(rivals) else 'NO'}")
    print("  " + reach_verdict(figures).words)
    sys.stdout.flush()


def show_peers(title: str, y: np.ndarray, risks: dict[str, np.ndarray]) -> None:
    """The model and the others on the same rows: figures, and the model minus each."""
    print(f"\n{title}: others on the same rows\n  {'':<22}{'auc':>26}{'log_loss':>26}{'log loss, model minus this':>30}")
    figures = judge(y, risks, rounds=ROUNDS).set_index(["model", "metric"])
    for name in risks:
        auc, loss = (figures.loc[(name, m)] for m in ("auc", "log_loss"))
        cells = "".join(f"{f'{v.value:.4f} [{v.low:.3f}, {v.high:.3f}]':>26}" for v in (auc, loss))
        apart = "" if np.isnan(loss.difference) else f"{loss.difference:+.4f} [{loss.difference_low:+.3f}, {loss.difference_high:+.3f}]"
        print(f"  {name:<22}{cells}{apart:>30}")
    sys.stdout.flush()


def peers_at(title: str, tables: cp.EventTables, churn: object, cutoff: str, *, told: pd.DataFrame, events: pd.DataFrame) -> None:
    """The peers at one cutoff of a backtest, whose predictions are ``told``."""
    from peers import deep_features, learners

    pipeline = cp.ChurnPipeline(churn, n_jobs=JOBS)
    X, outcomes = pipeline.training_rows(tables, cutoff)
    test = told.index.to_frame(index=False)
    X_test = cp.build_features(tables, test, features=pipeline.features_).loc[told.index]
    risks = {"model": told["model"].to_numpy(), **learners(X, outcomes.within().to_numpy(), X_test, n_jobs=JOBS)}
    deep = deep_features(events, outcomes.within(), told.index, n_jobs=JOBS)
    show_peers(title, told["outcome"].to_numpy(), risks if deep is None else risks | {"featuretools, LightGBM": deep})


def show_backtest(
    title: str, tables: cp.EventTables, churn: object, at: list[str], targets: dict[str, str], events: pd.DataFrame | None = None
) -> None:
    """A backtest at each cutoff."""
    for cutoff in at:
        start = time.process_time()
        part = cp.ChurnPipeline(churn, n_jobs=JOBS).backtest(tables, at=cutoff, rounds=ROUNDS)
        show(
            f"{title}, {cutoff}",
            pd.DataFrame(part),
            n=int(part["n"].iloc[0]),
            leavers=int(part["leavers"].iloc[0]),
            target=targets.get(cutoff, "log loss not above the baselines'"),
        )
        print(f"  ({time.process_time() - start:.0f} s CPU, baselines and intervals included)")
    if PEERS and events is not None:
        peers_at(f"{title}, {at[-1]}", tables, churn, at[-1], told=part.predictions, events=events)


def cdnow() -> None:
    """CD orders of a cohort that began in the first quarter of 1997."""
    orders = pd.read_parquet(DATA / "cdnow" / "transactions.parquet")
    tables = cp.EventTables(orders=cp.Events(orders, customer="customer_id", time="date", value="amount"))
    at = ["1997-12-31", "1998-02-14", "1998-03-31"]
    active = cp.Inactivity("91d", of="orders", active_within="182d")
    events = orders.rename(columns={"customer_id": "customer", "date": "time"})
    show_backtest("cdnow, active in 182 d", tables, active, at, {at[-1]: "AUC .735, log loss .580"}, events)
    everybody = cp.Inactivity("91d", of="orders", active_within="ever")
    show_backtest("cdnow, everybody", tables, everybody, at[-1:], {at[-1]: "AUC .842"})


def grocery() -> None:
    """Visits to a grocery shop."""
    visits = pd.read_parquet(DATA / "grocery_elog" / "transactions.parquet").astype({"cust": str, "date": "datetime64[us]"})
    tables = cp.EventTables(visits=cp.Events(visits, customer="cust", time="date"))
    churn = cp.Inactivity("180d", of="visits")
    show_backtest(
        "grocery_elog",
        tables,
        churn,
        ["2007-07-03"],
        {"2007-07-03": "AUC .835"},
        visits.rename(columns={"cust": "customer", "date": "time"}),
    )


# Days count from the start of a course. The two courses to learn from start together, so that later course days validate earlier ones.
STARTS = {("AAA", "2013J"): "2013-02-04", ("BBB", "2013B"): "2013-02-04", ("BBB", "2013J"): "2013-10-07"}
DAY, HORIZON = 60, 28


def oulad() -> None:
    """Who stops clicking, and who un-registers, within 28 days of day 60; each presentation of a course begins at a date of its own."""
    folder = DATA / "oulad_subset"
    key = ["code_module", "code_presentation", "id_student"]
    wanted = pd.DataFrame([(m, p, pd.Timestamp(s)) for (m, p), s in STARTS.items()], columns=["code_module", "code_presentation", "starts"])

    def read(name: str) -> pd.DataFrame:
        frame = pd.read_parquet(folder / f"{name}.parquet").merge(wanted, on=key[:2])
        frame["enrolment"] = frame["code_module"] + "-" + frame["code_presentation"] + "-" + frame["id_student"].astype(str)
        return frame

    def when(frame: pd.DataFrame, day: str) -> pd.Series:
        return frame["starts"] + pd.to_timedelta(pd.to_numeric(frame[day], errors="coerce"), unit="D")

    clicks = read("student_vle")
    clicks = clicks.assign(at=when(clicks, "date"), site=clicks["id_site"].astype(str))
    registered = read("studentRegistration").assign(joined=lambda f: when(f, "date_registration"))
    registered["left"] = pd.to_numeric(registered["date_unregistration"], errors="coerce")
    attributes = ["gender", "region", "highest_education", "imd_band", "age_band", "disability"]
    numbers = ["num_of_prev_attempts", "studied_credits"]
    people = read("studentInfo")[["enrolment", *attributes, *numbers]].merge(
        registered[["enrolment", "joined", "left", "starts", "code_module", "code_presentation"]], on="enrolment"
    )
    people[attributes] = people[attributes].astype(object).where(people[attributes].notna(), None)
    people["joined"] = people["joined"].fillna(people["starts"])
    tables = cp.EventTables(
        students=cp.Customers(people, customer="enrolment", since="joined", attributes=[*attributes, *numbers]),
        clicks=cp.Events(clicks, customer="enrolment", time="at", value="sum_click", item="site"),
    )

    _silent_students(tables)
    _silent_students(tables, calendar=[{"name": "Christmas", "kind": "closure", "days": ["12-20/01-01"]}])

    def rows(days: list[int], presentations: list[tuple[str, str]]) -> tuple[pd.DataFrame, pd.DataFrame]:
        chosen = pd.MultiIndex.from_frame(people[["code_module", "code_presentation"]]).isin(presentations)
        parts = []
        for day in days:
            there = people[chosen & ~(people["left"] < day) & (people["joined"] < people["starts"] + pd.Timedelta(days=day))]
            left = (there["left"] < day + HORIZON).astype(int)
            cutoff = there["starts"] + pd.Timedelta(days=day)
            stayed = (there["left"] - day).clip(upper=HORIZON).fillna(HORIZON)
            parts.append(pd.DataFrame({"customer_id": there["enrolment"], "cutoff": cutoff, "outcome": left, "duration": stayed}))
        snapshots = pd.concat(parts, ignore_index=True)
        X = cp.build_features(tables, snapshots, features=features)
        return X, snapshots.set_index(["customer_id", "cutoff"])[["outcome", "duration"]].reindex(X.index)

    features = [f for f in cp.catalog(tables) if not f.aggregate.startswith("season")]
    start = time.process_time()
    earlier = [("AAA", "2013J"), ("BBB", "2013B")]
    X, outcomes = rows([DAY], earlier)
    X_test, happened = rows([DAY], [("BBB", "2013J")])
    y, y_test = outcomes["outcome"].to_numpy(), happened["outcome"].to_numpy()
    # Snapshots of other course days, as the pipeline would take them: a sixth of the horizon apart.
    X_more, y_more = rows([DAY + step * 4 for step in range(-6, 7)], earlier)
    risks, asked = {}, {"model": "auto"} | ({"with early leavers": ("trees", "linear", "purchases", "sooner")} if SOONER else {})
    for name, members in asked.items():
        fitted = time.process_time()
        model = cp.ChurnClassifier(horizon=f"{HORIZON}d", members=members, n_jobs=JOBS).fit(X_more, y_more)
        risks[name] = model.predict_risk(X_test)
        print(f"  {name}: fit of {time.process_time() - fitted:.0f} s CPU, weights {model.training_record_['weights']}")
    risks |= baseline_risks(X, y, X_test, horizon=f"{HORIZON}d", of="clicks", n_jobs=JOBS)
    who = X_test.index.get_level_values("customer_id")
    figures = judge(y_test, risks, customers=who, rounds=ROUNDS)
    title = "oulad, BBB-2013J, un-registers within 28 days of day 60"
    show(title, figures, n=len(y_test), leavers=int(y_test.sum()), target="(clicks alone: AUC .59)")
    print(f"  ({time.process_time() - start:.0f} s CPU)")


def _silent_students(tables: cp.EventTables, calendar: list[dict] | None = None) -> None:
    """Inactivity: trained on day 60 and before of two courses, tested on day 60 of a third."""
    start = time.process_time()
    churn = cp.Inactivity(f"{HORIZON}d", of="clicks")
    begin, test_begin = (pd.Timestamp(STARTS[c]) for c in (("BBB", "2013B"), ("BBB", "2013J")))
    features = [f for f in cp.catalog(tables) if not f.aggregate.startswith("season")]
    pipeline = cp.ChurnPipeline(churn, features=features, n_jobs=JOBS, calendar=calendar)
    X, outcomes = pipeline.training_rows(tables, begin + pd.Timedelta(days=DAY + HORIZON))
    pipeline.learn(X, outcomes)
    test = cp.take_snapshots(tables, churn, at=test_begin + pd.Timedelta(days=DAY))
    y_test = cp.label_churn(tables, test, churn).within().to_numpy()
    X_test = pipeline.features_at(tables, test_begin + pd.Timedelta(days=DAY))
    risks = {"model": pipeline.model_.predict_proba(X_test)[:, 1]}
    risks |= baseline_risks(X, outcomes, X_test, horizon=f"{HORIZON}d", of="clicks", n_jobs=JOBS)
    figures = judge(y_test, risks, rounds=ROUNDS)
    title = "oulad, BBB-2013J, silent for 28 days from day 60" + ("" if calendar is None else ", Christmas declared as closed")
    show(title, figures, n=len(y_test), leavers=int(y_test.sum()), target="AUC .860 (LightGBM .850, recency .793)")
    print(f"  ({time.process_time() - start:.0f} s CPU)")


def telco() -> None:
    """A flat table, five folds: what SMOTE before the split inflates to .94 or .98 elsewhere."""
    from sklearn.model_selection import StratifiedKFold

    frame = pd.read_parquet(DATA / "flat" / "telco_ibm.parquet")
    y = (frame["Churn"] == "Yes").astype(int).to_numpy()
    X = frame.drop(columns=["Churn", "customerID"]).assign(TotalCharges=pd.to_numeric(frame["TotalCharges"], errors="coerce"))
    start = time.process_time()
    risks = {"model": np.zeros(len(y)), "base rate": np.zeros(len(y))}
    others = {"model": risks["model"]}
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(X, y):
        model = cp.ChurnClassifier(n_jobs=JOBS).fit(X.iloc[train], y[train])
        risks["model"][test] = model.predict_proba(X.iloc[test])[:, 1]
        for name, risk in baseline_risks(X.iloc[train], y[train], X.iloc[test], horizon="30d", n_jobs=JOBS).items():
            risks.setdefault(name, np.zeros(len(y)))[test] = risk
        if PEERS:
            from peers import learners

            for name, risk in learners(X.iloc[train], y[train], X.iloc[test], n_jobs=JOBS).items():
                others.setdefault(name, np.zeros(len(y)))[test] = risk
    figures = judge(y, risks, rounds=ROUNDS)
    show("telco, 5-fold", figures, n=len(y), leavers=int(y.sum()), target="AUC .850, log loss .411")
    print(f"  ({time.process_time() - start:.0f} s CPU)")
    if PEERS:
        show_peers("telco, 5-fold", y, others)


def main(names: list[str]) -> None:
    """Run the named sets, or all."""
    known = {"cdnow": cdnow, "grocery": grocery, "oulad": oulad, "telco": telco}
    if not DATA.exists():
        print("The data sets are not here (../shared/data): nothing to measure.")
        return
    warnings.simplefilter("ignore", cp.ChurnWarning)
    for name in [n for n in names if not n.startswith("--")] or list(known):
        known[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
