"""What a plan is worth where the truth is known, beside ranking by risk, chance, contacting all, and knowing the true risks.

Run as ``taskset -c 1 python benchmarks/plan.py [customers] [world ...]``. Every profit is the true expectation: for each contacted customer
``(r0 - r1) * V - (1 - r1) * d - f``, with the true probability of leaving without (r0) and with a contact (r1), the value V over the
horizon, the offer d and the contact f. The acceptance that the plans assume is that of a business other than those that are judged, as if
learnt from its hold-out; the true one varies from customer to customer, and is negative for one in ten. Contacts of this business achieve
little (about one leaver in thirty is kept), so the offer is a small one.
"""

from __future__ import annotations

import sys

import numpy as np

import churnpredict as cp
from _measure import Table, pin

AT, COST, FIXED, CAPACITY = "2024-01-01", 2.0, 0.5, 100
QUICK = {"members": ("trees",), "half_life": None, "n_estimators": 120, "n_seeds": 1, "n_jobs": 1, "horizon": "90d", "min_leavers": 10}


def world(customers, seed):
    return cp.make_business(customers, seed=seed, treatments=True, rule="cancellation")


def truths(business):
    """True probabilities of leaving without and with a contact at the cutoff."""
    return (business.true_risk(AT, "90d", contact=contact) for contact in (False, True))


def scored(business):
    """Scores of everybody who is alive, and their true risks."""
    pipeline = cp.ChurnPipeline(business.churn, every="45d", classifier=cp.ChurnClassifier(**QUICK))
    scores = pipeline.fit(business.tables, until=AT).score(business.tables, at=AT)
    r0, r1 = truths(business)
    scores = scores[scores["customer_id"].isin(r0.index)].reset_index(drop=True)
    return scores, r0[scores["customer_id"]].to_numpy(), r1[scores["customer_id"]].to_numpy()


def contacted(scores, acceptance, **limits):
    plan = cp.plan_retention(scores, cost=COST, fixed_cost=FIXED, acceptance=acceptance, holdout=0, **limits)
    return scores["customer_id"].isin(plan.contacts["customer_id"]).to_numpy(), plan


def best(profit, k):
    chosen = np.zeros(len(profit), dtype=bool)
    chosen[np.argsort(-profit)[:k]] = True
    return chosen & (profit > 0)


def covered(plan, chosen, value, r0, r1, rounds=2000):
    """Share of futures whose profit lies in the plan's interval."""
    u = np.random.default_rng(1).random((rounds, int(chosen.sum())))
    left0, left1 = u < r0[chosen], u < r1[chosen]
    profit = ((left0 * 1.0 - left1) * value[chosen] - (1 - left1) * COST - FIXED).sum(axis=1)
    return float(((profit >= plan.profit.low) & (profit <= plan.profit.high)).mean())


def rivals(scores, r0, r1, acceptance):
    """Who is contacted by which rule, for a team that can make 100 contacts and for one that can make any number."""
    n, value = len(scores), scores["value"].to_numpy()
    true_profit = (r0 - r1) * value - (1 - r1) * COST - FIXED
    true_scores = scores.assign(risk=r0)
    by_risk = np.argsort(-scores["risk"].to_numpy(), kind="stable")
    for limit, limits in ((CAPACITY, {"capacity": CAPACITY}), (None, {})):
        chosen, plan = contacted(scores, acceptance, **limits)
        many = int(chosen.sum())
        top = np.zeros(n, dtype=bool)
        top[by_risk[:many]] = True
        yield (
            limit,
            plan,
            true_profit,
            {
                "plan": chosen,
                "highest risks, as many": top,
                "chance, as many": np.full(n, many / n),  # its expectation
                "everybody": np.ones(n),
                "plan that knows true risks": contacted(true_scores, acceptance, **limits)[0],
                "who knows every effect": best(true_profit, limit or n),
            },
        )


def main():
    pin()
    customers = int(sys.argv[1]) if len(sys.argv) > 1 else 1500
    seeds = [int(s) for s in sys.argv[2:]] or [0, 1, 2]
    r0, r1 = truths(world(customers, 1000))
    acceptance = float((r0 - r1).sum() / r0.sum())
    print(f"acceptance assumed: {acceptance:.3f}; offer {COST:g}, contact {FIXED:g}\n")
    for seed in seeds:
        scores, r0, r1 = scored(world(customers, seed))
        value = scores["value"].to_numpy()
        for limit, plan, profit, rules in rivals(scores, r0, r1, acceptance):
            title = f"world {seed}, {len(scores):,} customers, " + (f"{limit} contacts" if limit else "any number of contacts")
            table = Table(title, ["rule", "contacts", "true profit", "of true-risk plan"])
            known = float(profit @ rules["plan that knows true risks"])
            for name, chosen in rules.items():
                earned = float(profit @ chosen)
                table.add(name, f"{chosen.sum():,.0f}", f"{earned:,.0f}", f"{earned / known:.0%}" if known > 0 else "-")
            table.print()
            chosen = rules["plan"].astype(bool)
            low, high = plan.profit.low, plan.profit.high
            inside = covered(plan, chosen, value, r0, r1)
            print(
                f"  expected {plan.profit.value:,.0f} (95 %: {low:,.0f} to {high:,.0f}); {inside:.0%} of futures lie inside\n", flush=True
            )


if __name__ == "__main__":
    main()
