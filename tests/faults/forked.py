"""What a forked process does after its parent has used threads; run as a script, because a fault here is a process that never ends.

``python forked.py HOW WHEN WHAT...`` prints "WHAT: same" for each in turn when the children say the same as the parent, to the last bit.
"""

import multiprocessing
import os
import sys
import tempfile
from functools import cache, partial
from pathlib import Path

import numpy as np
import pandas as pd

import churnpredict as cp


def rows(n=600):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(n, 6)), columns=[f"habit__f{j}" for j in range(6)])
    X["plan"] = pd.Categorical(rng.choice(["a", "b"], n))
    return X, (rng.random(n) < 1 / (1 + np.exp(1 - X["habit__f0"].to_numpy()))).astype(int)


def classifier(n_jobs=2):
    return cp.ChurnClassifier(n_estimators=8, n_seeds=1, n_jobs=n_jobs, members=("trees", "linear"))


@cache
def shop():
    made = cp.make_business(250, random_state=1)
    return made, {name: cp.Events(made.frames[name], customer="customer", time="paid_at", value="amount") for name in ("orders",)}


def work_of(what):
    """A function without arguments whose result is compared, and one that brings the parent's threads to life."""
    X, y = rows()
    if what == "fit":
        return lambda: classifier().fit(X, y).predict_proba(X), lambda: classifier().fit(X, y).predict_proba(X)
    if what in ("predict", "explain", "set_params"):
        model = classifier().fit(X, y)
        if what == "set_params":
            model.set_params(n_jobs=-1)
        ask = {"explain": cp.explain(model, X).values.to_numpy}.get(what, partial(model.predict_proba, X))
        return ask, lambda: (model.predict_proba(X), cp.explain(model, X))
    if what == "booster":
        import lightgbm

        data = lightgbm.Dataset(X.iloc[:, :6].to_numpy(), y, params={"verbosity": -1})
        booster = lightgbm.train({"objective": "binary", "verbosity": -1, "num_threads": 2}, data, 10)
        return cp.explain(booster, X.iloc[:, :6].to_numpy()).values.to_numpy, partial(booster.predict, X.iloc[:, :6].to_numpy())
    made, declared = shop()
    tables = cp.EventTables(**declared)
    pipeline = cp.ChurnPipeline(made.churn, every="90d", classifier=classifier(n_jobs=1)).fit(tables, until="2024-01-01")
    pipeline.model_.set_params(n_jobs=2)
    if what == "score":
        return lambda: pipeline.score(tables, at="2024-01-01").drop(columns="words", errors="ignore"), lambda: pipeline.score(
            tables, at="2024-01-01"
        )
    if what == "new tables":
        ask = lambda: pipeline.score(cp.EventTables(**shop()[1]), at="2024-01-01")  # noqa: E731
        return ask, ask
    path = Path(tempfile.mkdtemp()) / "churn.model"
    pipeline.save(path)
    return lambda: cp.load(path).score(tables, at="2024-01-01"), lambda: pipeline.score(tables, at="2024-01-01")


def answer(ask):
    got = ask()
    return got.to_csv(float_format="%.17g") if isinstance(got, pd.DataFrame) else np.asarray(got).tobytes()


def by_hand(ask):
    """A server that loads first and forks its workers then."""
    read, write = os.pipe()
    if os.fork() == 0:
        got = answer(ask)
        with os.fdopen(write, "wb") as out:
            out.write(got if isinstance(got, bytes) else got.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as source:
        got = source.read()
    os.wait()
    return got


def in_pool(ask):
    global _ask  # noqa: PLW0603 - a forked pool inherits it, as a preloaded server's model is
    _ask = ask
    with multiprocessing.get_context("fork").Pool(2) as pool:
        first, second = pool.map(_answer, range(2))
    assert first == second
    return first if isinstance(first, bytes) else first.encode()


def _answer(_):
    return answer(_ask)


def judged(what, when, how):
    ask, use_threads = work_of(what)
    if when == "before":
        use_threads()
    forked = {"fork": by_hand, "pool": in_pool}[how]
    got = forked(ask)
    mine = answer(ask)  # the parent goes on with its threads
    mine = mine if isinstance(mine, bytes) else mine.encode()
    assert forked(ask) == mine  # and a second fork, of a parent that has answered
    return "same" if got == mine else "other"


if __name__ == "__main__":
    how, when, *whats = sys.argv[1:]
    for what in whats:
        print(f"{what}: {judged(what, when, how)}", flush=True)
