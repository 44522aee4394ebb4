"""What a plan is worth where the truth is known, beside ranking by risk, chance, contacting all, and knowing the true risks.

Run as ``taskset -c 1 python benchmarks/plan.py [customers] [world ...]``. Every profit is the true expectation: for each contacted customer
``(r0 - r1) * V - (1 - r1) * d - f``, with the true probability of leaving without (r0) and with a contact (r1), what the customer
is really worth V (the generating order rate times basket times horizon), the offer d and the contact f. The plans see estimated values,
and know of a business other than those that are judged by how much a contact lowers risks on average, low risks and high ones (a line in
the risk), as if learnt from its hold-out; the true effect differs from customer to customer, and is negative for one in ten. Contacts of
this business achieve little (about one leaver in thirty is kept), so offers are small ones. Risks depend on a hidden state (whether a
cause is at work) of which the tables hold traces only; so a plan stands beside that shows how far the tables go: its risks are learnt from
the *true* risks of past snapshots instead of from who left.

What the plan misses is split by putting the truth in the place of one estimate at a time: the level of the risks (each rank gets its true
mean), the risks as far as the tables go, the risks, the values, and the effect of a contact on each customer.
"""

from __future__ import annotations

import sys
import warnings

import lightgbm as lgb
import numpy as np
import pandas as pd
from sklearn.isotonic import IsotonicRegression

import churnpredict as cp
from _measure import Table, cpu, pin

AT, CAPACITY = "2024-01-01", 200
OFFERS = {"a message": (0.0, 1.0), "a message and a small voucher": (1.0, 0.2), "a call and a voucher": (2.0, 0.5)}


def world(customers, seed):
    return cp.make_business(customers, random_state=seed, treatments=True, rule="cancellation")


def truths(business, ids=None):
    """True probabilities of leaving without and with a contact at the cutoff, and true values over the horizon."""
    r0, r1 = (business.true_risk(AT, "90d", contact=contact) for contact in (False, True))
    traits, rows = business.world.traits, business.truth.index.get_indexer(r0.index)
    value = pd.Series(traits["order_rate"][rows] * traits["basket"][rows] * 90, index=r0.index)
    return [s.to_numpy() if ids is None else s.reindex(ids).to_numpy() for s in (r0, r1, value)]


def as_far_as_the_tables_go(business, X, X_now):
    """Risks learnt from true risks: without the chance of who happened to leave, only what the features do not show is missing."""
    past = []
    for cutoff in X.index.get_level_values("cutoff").unique():
        risk = business.true_risk(cutoff, "90d", contact=False)
        past.append(pd.Series(risk.to_numpy(), pd.MultiIndex.from_product([risk.index, [cutoff]])))
    target = pd.concat(past).reindex(X.index).to_numpy()
    known = ~np.isnan(target)
    plain = [f.assign(**{c: f[c].cat.codes for c in f if f[c].dtype == "category"}).to_numpy(np.float32) for f in (X, X_now)]
    shape = {"n_estimators": 300, "learning_rate": 0.05, "min_child_samples": 40, "colsample_bytree": 0.3, "objective": "cross_entropy"}
    model = lgb.LGBMRegressor(**shape, n_jobs=1, verbose=-1).fit(plain[0][known], target[known])
    return model.predict(plain[1])


def scored(business):
    """Scores of everybody who is alive, by the trees of the default classifier, and the risks that the tables allow."""
    pipeline = cp.ChurnPipeline(
        business.churn, every="45d", classifier=cp.ChurnClassifier(members=("trees",), n_seeds=1, n_jobs=1, horizon="90d", min_leavers=10)
    )
    X, outcomes = pipeline.training_rows(business.tables, AT)
    scores = pipeline.learn(X, outcomes).score(business.tables, at=AT)
    X_now = pipeline.features_at(business.tables, AT)
    best = pd.Series(as_far_as_the_tables_go(business, X, X_now), X_now.index.get_level_values("customer_id"))
    return scores.assign(best=best.reindex(scores["customer_id"]).to_numpy())


def levelled(risk, truth):
    """The same order, at the true level of each rank: what better calibration, and nothing else, could give."""
    fitted = IsotonicRegression(y_min=1e-4, y_max=1 - 1e-4, out_of_bounds="clip").fit(risk, truth).predict(risk)
    return fitted + 1e-9 * np.argsort(np.argsort(risk))


def contacted(scores, effect, offer, **limits):
    """Who is in the plan; ``effect`` is a line in the risk, or known for each customer."""
    uplift = np.maximum(np.polyval(effect, scores["risk"].to_numpy()) if len(effect) == 2 else effect, 0)
    plan = cp.plan_retention(scores, offer_cost=offer[0], contact_cost=offer[1], uplift=uplift, holdout=0, **limits)
    return scores["customer_id"].isin(plan.contacts["customer_id"]).to_numpy(), plan


def first(order, k):
    chosen = np.zeros(len(order), dtype=bool)
    chosen[order[:k]] = True
    return chosen


def covered(plan, chosen, value, r0, r1, offer, rounds=2000):
    """Share of futures whose profit lies in the plan's interval."""
    u = np.random.default_rng(1).random((rounds, int(chosen.sum())))
    left0, left1 = u < r0[chosen], u < r1[chosen]
    profit = ((left0 * 1.0 - left1) * value[chosen] - (1 - left1) * offer[0] - offer[1]).sum(axis=1)
    return float(((profit >= plan.profit.low) & (profit <= plan.profit.high)).mean())


def judged(scores, truth, effect, offer, limits):
    """True profit of each rule, contacts of each, the plan and whom it contacts."""
    r0, r1, value = truth
    profit = (r0 - r1) * value - (1 - r1) * offer[0] - offer[1]
    chosen, plan = contacted(scores, effect, offer, **limits)
    many, n = int(chosen.sum()), len(scores)
    rules = {
        "plan": chosen,
        "highest risks, as many": first(np.argsort(-scores["risk"].to_numpy(), kind="stable"), many),
        "chance, as many": np.full(n, many / n),  # its expectation
        "everybody": np.ones(n),
        "plan, as far as the tables go": contacted(scores.assign(risk=scores["best"]), effect, offer, **limits)[0],
        "plan that knows true risks": contacted(scores.assign(risk=r0), effect, offer, **limits)[0],
        "plan, risks levelled by the truth": contacted(scores.assign(risk=levelled(scores["risk"], r0)), effect, offer, **limits)[0],
        "plan with true values": contacted(scores.assign(value=value), effect, offer, **limits)[0],
        "plan with true effects": contacted(scores, r0 - r1, offer, **limits)[0],
    }
    return {name: (float(profit @ who), float(who.sum())) for name, who in rules.items()}, plan, chosen


def main():
    pin()
    warnings.simplefilter("ignore", cp.ChurnWarning)
    customers = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    seeds = [int(s) for s in sys.argv[2:]] or [0, 1, 2]
    r0, r1, _ = truths(world(customers, 1000))
    effect = np.polyfit(r0, r0 - r1, 1)
    print(f"effect of a contact in another world: {100 * effect[1]:+.2f} points {effect[0]:+.3f} x risk\n", flush=True)
    for seed in seeds:
        business = world(customers, seed)
        scores, seconds = cpu(scored, business)
        truth = truths(business, scores["customer_id"])
        r0, r1, value = truth
        errors = np.corrcoef(scores["risk"], r0)[0, 1], np.corrcoef(scores["best"], r0)[0, 1], np.corrcoef(scores["value"], value)[0, 1]
        print(f"world {seed}, {len(scores):,} customers, {seconds:.0f} CPU s: mean risk {scores['risk'].mean():.3f}, true {r0.mean():.3f};")
        print("correlation with the truth: risk {:.2f}, as far as the tables go {:.2f}, value {:.2f}\n".format(*errors))
        for limit in (None, CAPACITY):
            table = Table("any number of contacts" if limit is None else f"{limit} contacts", ["rule", *OFFERS])
            found = {
                name: judged(scores, truth, effect, offer, {} if limit is None else {"capacity": limit}) for name, offer in OFFERS.items()
            }
            for rule in next(iter(found.values()))[0]:
                cells = []
                for rules, _, _ in found.values():
                    (earned, many), known = rules[rule], rules["plan that knows true risks"][0]
                    cells.append(f"{earned:,.0f} by {many:,.0f} ({earned / known:.0%})")
                table.add(rule, *cells)
            inside = [covered(plan, chosen, value, r0, r1, OFFERS[name]) for name, (_, plan, chosen) in found.items()]
            said = [f"{plan.profit.value:,.0f} ({plan.profit.low:,.0f} to {plan.profit.high:,.0f})" for _, plan, _ in found.values()]
            table.add("expected by the plan (95 %)", *said)
            table.add("futures inside", *(f"{share:.0%}" for share in inside))
            table.print()


if __name__ == "__main__":
    main()
