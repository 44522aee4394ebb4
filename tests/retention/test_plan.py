"""Plans: the rule of profit against a loop, limits against all subsets, the hold-out against chance, and what is written."""

import csv
import itertools
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import churnpredict as cp
from churnpredict.errors import ConfigError, IdentityError, OutputError, SchemaError, UsageError
from churnpredict.explanation.drivers import DRIVERS
from churnpredict.languages.catalogue import language_of
from churnpredict.retention import plan as module
from churnpredict.retention.profit import Offer, contact_profit, profit_interval


def profit_by_hand(p, v, d=10.0, g=0.3, f=1.0):
    """Over the four things that can happen to a contact."""
    return p * g * (v - d - f) + p * (1 - g) * (-f) + (1 - p) * (-d - f)


def check_rule(plan, scores):
    """Contacted are those whose play promises a profit, most of it first; nobody else."""
    wanted = {}
    for row in scores.itertuples():
        useful = [r for r in (row.reason_1, row.reason_2) if isinstance(r, str) and r != "lifecycle"]
        profit = profit_by_hand(row.risk, row.value)
        if profit > 0 and useful:
            wanted[row.customer_id] = profit
    ranked = sorted(wanted, key=lambda c: (-wanted[c], c))
    assert plan.table["customer_id"].tolist() == ranked
    assert plan.table["expected_profit"].tolist() == pytest.approx([wanted[c] for c in ranked])


def test_contacts_are_where_profit_is_and_only_there(scores):
    plan = cp.plan_retention(scores, holdout=0)
    check_rule(plan, scores)
    assert plan.profit.value == pytest.approx(plan.table["expected_profit"].sum())
    assert plan.kept == pytest.approx((plan.table["risk"] * 0.3).sum())
    assert sum(plan.counts.values()) == len(scores)
    assert plan.counts["not actionable"] > 0


def test_ranking_by_risk_is_caught(scores, monkeypatch):
    monkeypatch.setattr(module, "contact_profit", lambda offer: offer.risk)
    with pytest.raises(AssertionError):
        check_rule(cp.plan_retention(scores, holdout=0), scores)


def test_forgetting_the_offers_that_stayers_take_is_caught(scores, monkeypatch):
    monkeypatch.setattr(module, "contact_profit", lambda o: o.risk * o.acceptance * (o.value - o.offer_cost) - o.contact_cost)
    with pytest.raises(AssertionError):
        check_rule(cp.plan_retention(scores, holdout=0), scores)


@given(st.integers(0, 2**32 - 1), st.floats(0, 80))
def test_greedy_is_within_the_budget_and_at_least_half_the_best(seed, budget):
    rng = np.random.default_rng(seed)
    n = 9
    scores = pd.DataFrame({"customer_id": range(n), "risk": rng.uniform(0, 1, n), "value": rng.uniform(0, 400, n)})
    scores["reason_1"] = rng.choice(["price", "support"], n)
    plan = cp.plan_retention(scores, budget=budget, holdout=0, playbook={"price": {"offer_cost": 40}})
    spend = np.array(
        [1 + d * (1 - p + 0.3 * p) for p, d in zip(scores["risk"], np.where(scores["reason_1"] == "price", 40, 10), strict=True)]
    )
    profit = plan.decisions["expected_profit"].to_numpy()
    best = max(
        profit[list(some)].sum() for k in range(n + 1) for some in itertools.combinations(range(n), k) if spend[list(some)].sum() <= budget
    )
    assert plan.spend <= budget + 1e-9
    assert best / 2 - 1e-9 <= plan.profit.value <= best + 1e-9


def test_capacity_is_per_owner(scores, rng):
    owner = pd.Series(rng.choice(["ann", "bob", "eve"], len(scores)), index=scores["customer_id"])
    plan = cp.plan_retention(scores, owner=owner, capacity={"ann": 5, "bob": 0}, holdout=0.2)
    made = plan.contacts["owner"].value_counts()
    assert made["ann"] == 5
    assert "bob" not in made
    assert made["eve"] > 5
    assert (plan.table["owner"].to_numpy() == owner[plan.table["customer_id"]].to_numpy()).all()
    assert not (plan.table["owner"] == "bob").any()  # a hold-out that could not have been contacted compares with nothing
    assert len(cp.plan_retention(scores, capacity=7, holdout=0).contacts) == 7


def test_exclusions(scores):
    best = cp.plan_retention(scores, holdout=0).table["customer_id"].tolist()
    plan = cp.plan_retention(scores, holdout=0.3, exclude={best[0]: "opted out", "stranger": "opted out"})
    assert best[0] not in set(plan.table["customer_id"])
    row = plan.decisions.set_index("customer_id").loc[best[0]]
    assert (row["decision"], row["why"]) == ("excluded", "opted out")
    assert plan.counts["excluded"] == 1
    assert cp.plan_retention(scores, exclude=best[:3]).counts["excluded"] == 3
    with pytest.raises(IdentityError, match="id-types-differ"):
        cp.plan_retention(scores, exclude=[17])
    with pytest.warns(cp.ChurnWarning, match="excludes-nobody"):
        cp.plan_retention(scores, exclude=["stranger"])


def test_hold_out_is_of_its_size_and_drawn_alike(scores):
    whole = cp.plan_retention(scores, holdout=0).table
    n = len(whole)
    times = pd.Series(0, index=whole["customer_id"])
    for seed in range(200):
        plan = cp.plan_retention(scores, holdout=0.2, random_state=seed)
        held = plan.table.loc[plan.table["arm"] == "hold-out", "customer_id"]
        assert abs(len(held) - 0.2 * n) <= 1
        assert set(plan.table["customer_id"]) == set(whole["customer_id"])
        times[held] += 1
    assert times.mean() == pytest.approx(40, abs=1)
    assert times.between(15, 70).all()  # everybody with the same chance: 40 +- 4.4 standard deviations of 5.7
    assert abs(times.iloc[: n // 2].mean() - times.iloc[n // 2 :].mean()) < 2


def test_the_same_seed_and_any_order_of_rows_give_the_same_plan(scores):
    one = cp.plan_retention(scores, holdout=0.2, budget=600)
    two = cp.plan_retention(scores.sample(frac=1, random_state=1), holdout=0.2, budget=600)
    pd.testing.assert_frame_equal(one.table, two.table)
    assert one.profit == two.profit


def test_hold_out_says_what_it_shows_and_costs(scores):
    plan = cp.plan_retention(scores, holdout=0.1)
    away = plan.table[plan.table["arm"] == "hold-out"]
    assert f"{len(away):,} of the {len(plan.table):,}" in plan.holdout
    assert f"{away['expected_profit'].sum():,.0f}" in plan.holdout
    assert "such plans" in plan.holdout
    assert "unknown" in cp.plan_retention(scores, holdout=0).holdout
    assert "nobody" in cp.plan_retention(scores, value=0.0).holdout


def test_log_is_for_declaring_as_events(scores):
    log = cp.plan_retention(scores, holdout=0.2).log
    assert set(log["arm"]) == {"contact", "hold_out"}
    tables = cp.EventTables(treatments=cp.Events(log, customer="customer_id", time="at", kind="arm", driver="communication"))
    assert "treatments" in tables.declarations


# --- interval ---


def simulated(offer, rng, rounds):
    """What happens to customers whose risks and acceptance are off by as much as the interval allows for."""
    out = []
    p, v, d, g, f = offer
    for _ in range(rounds):
        accept = g * rng.beta(6, 14) / 0.3
        risk = 1 / (1 + (1 - p) / p * np.exp(-rng.normal(0, 0.15)))
        leaves = rng.random(len(p)) < risk
        takes = ~leaves | (rng.random(len(p)) < accept)
        out.append(np.where(leaves, np.where(takes, v - d, 0.0), -d).sum() - f * len(p))
    return np.array(out)


def test_interval_covers_what_then_happens(rng):
    n = 300
    offer = Offer(rng.uniform(0.1, 0.7, n), rng.gamma(2, 200, n), np.full(n, 10.0), np.full(n, 0.3), 1.0)
    interval = profit_interval(offer)
    happened = simulated(offer, rng, 800)
    assert happened.mean() == pytest.approx(interval.value, rel=0.05)
    assert 0.92 <= ((happened >= interval.low) & (happened <= interval.high)).mean() <= 0.98
    assert contact_profit(offer).sum() == pytest.approx(interval.value)


# --- playbook, values, what is refused ---


def test_playbook_overrides_and_names_remedies(scores, tmp_path):
    path = tmp_path / "plays.toml"
    path.write_text('[support]\nremedy = "Team lead calls"\noffer_cost = 5\nacceptance = 0.5\n[lifecycle]\nacceptance = 0.1\n')
    table = cp.plan_retention(scores, playbook=path, holdout=0).table
    support = table[table["driver"] == "support"]
    assert (support["remedy"] == "Team lead calls").all()
    expected = profit_by_hand(support["risk"], support["value"], d=5, g=0.5)
    assert support["expected_profit"].tolist() == pytest.approx(expected.tolist())
    assert (table.loc[table["driver"] == "price", "remedy"] == DRIVERS["price"].remedy).all()
    assert (table["driver"] == "lifecycle").any()


@pytest.mark.parametrize(
    ("playbook", "code"),
    [
        ({"suport": {"offer_cost": 1}}, "unknown-driver"),
        ({"support": {"price": 1}}, "unknown-key"),
        ({"support": {"acceptance": 1.5}}, "bad-playbook"),
        ({"support": 3}, "bad-playbook"),
        ("nowhere.toml", "unreadable-playbook"),
    ],
)
def test_bad_playbooks(scores, playbook, code):
    with pytest.raises(ConfigError, match=code):
        cp.plan_retention(scores, playbook=playbook)


def test_drivers_of_your_own_have_plays(scores):
    scores["reason_1"] = "staff"
    plan = cp.plan_retention(scores, playbook={"staff": {"remedy": "Ask"}}, holdout=0)
    assert set(plan.table["remedy"]) == {"Ask"}


@pytest.mark.parametrize("kind", [dict, pd.Series])
def test_values_come_by_customer(scores, kind):
    by_id = kind(dict(zip(scores["customer_id"], scores["value"], strict=True)))
    one = cp.plan_retention(scores.drop(columns="value"), value=by_id).table
    pd.testing.assert_frame_equal(one, cp.plan_retention(scores).table)


def test_who_has_no_value_is_said_so(scores):
    scores.loc[0, "value"] = np.nan
    plan = cp.plan_retention(scores)
    assert plan.decisions["decision"].iloc[0] == "no value known"
    assert np.isnan(plan.decisions["expected_profit"].iloc[0])


@pytest.mark.parametrize(
    ("change", "given", "error", "code"),
    [
        (lambda s: s.drop(columns="value"), {}, UsageError, "no-value"),
        (lambda s: s.drop(columns="risk"), {}, SchemaError, "missing-column"),
        (lambda s: pd.concat([s, s]), {}, UsageError, "two-rows"),
        (lambda s: s.assign(risk=1.2), {}, UsageError, "bad-risk"),
        (lambda s: s, {"acceptance": 1.1}, UsageError, "bad-argument"),
        (lambda s: s, {"holdout": 0.9}, UsageError, "bad-argument"),
        (lambda s: s, {"offer_cost": float("nan")}, UsageError, "bad-argument"),
        (lambda s: s, {"value": [1.0, 2.0]}, UsageError, "bad-argument"),
        (lambda s: s, {"capacity": {"ann": 3}}, UsageError, "bad-argument"),
        (lambda s: s, {"exclude": "K0001"}, UsageError, "bad-argument"),
    ],
)
def test_what_is_refused(scores, change, given, error, code):
    with pytest.raises(error, match=code):
        cp.plan_retention(change(scores), **given)


def test_nobody_is_a_plan_too(scores):
    plan = cp.plan_retention(scores.iloc[:0])
    assert len(plan.table) == 0
    assert "contact 0 of 0" in repr(plan)


def test_what_nobody_has_said_is_shown_as_an_assumption(scores):
    plan = cp.plan_retention(scores, acceptance=0.2)
    assert plan.notes == ("Assumed, because nobody has said: an offer costs 10; a contact costs 1.",)
    assert plan.notes[0] in " ".join(repr(plan).split())
    assert cp.plan_retention(scores, offer_cost=10, contact_cost=1, acceptance=0.3).notes == ()
    assert [(a.name, a.low, a.said) for a in plan.assumptions] == [
        ("offer", 10.0, False),
        ("contact", 1.0, False),
        ("acceptance", 0.2, True),
    ]
    german = cp.plan_retention(scores, language="de", unit="€")
    assert german.notes[0].startswith("Angenommen, weil niemand etwas gesagt hat: ein Angebot kostet 10\u00a0€")
    assert "in Ruhe" in german.holdout
    assert set(german.table["remedy"]) <= {language_of("de").remedy(key) for key in DRIVERS}
    with pytest.raises(UsageError, match="unknown-language"):
        cp.plan_retention(scores, language="xx")
    pd.testing.assert_frame_equal(
        cp.plan_retention(scores, offer_cost=10, contact_cost=1, acceptance=0.3).table, cp.plan_retention(scores).table
    )


def test_it_prints_without_customers(scores):
    said = repr(cp.plan_retention(scores, budget=500))
    assert "expected profit" in said
    assert "beyond budget" in said
    assert not any(c in said for c in scores["customer_id"])


# --- files ---


def test_files_hold_the_plan_and_no_formula(scores, tmp_path):
    scores.loc[0, ["customer_id", "risk", "value", "reason_1"]] = ['=HYPERLINK("http://x")', 0.9, 5000.0, "support"]
    scores.loc[0, "words"] = "-1+1\r=2"
    plan = cp.plan_retention(scores, holdout=0)
    with plan.to_csv(tmp_path / "plan.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["customer_id"] == '\'=HYPERLINK("http://x")'
    assert rows[0]["words"] == "'-1+1\r=2"
    assert float(rows[0]["expected_profit"]) == pytest.approx(plan.table["expected_profit"].iloc[0])
    pd.testing.assert_frame_equal(pd.read_parquet(plan.to_parquet(tmp_path / "plan.parquet")), plan.table, check_dtype=False)
    assert not list(tmp_path.glob("*.part"))


def test_excel_holds_the_plan_and_no_formula(scores, tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    scores.loc[0, ["customer_id", "risk", "value", "reason_1", "words"]] = ["=1+1", 0.9, 5000.0, "support", "a\x00b"]
    plan = cp.plan_retention(scores, holdout=0)
    book = openpyxl.load_workbook(plan.to_excel(tmp_path / "plan.xlsx"))
    assert book.sheetnames == ["plan", "decisions"]
    head, first = [[cell.value for cell in row] for row in itertools.islice(book["plan"].rows, 2)]
    assert dict(zip(head, first, strict=True))["customer_id"] == "'=1+1"
    assert dict(zip(head, first, strict=True))["words"] == "ab"
    assert not any(cell.data_type == "f" for row in book["plan"].rows for cell in row)


def test_nothing_half_written_stays(scores, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="not-written"):
        cp.plan_retention(scores).to_csv(tmp_path / "file" / "plan.csv")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.filterwarnings("ignore:uplifts are larger:churnpredict.errors.ChurnWarning")
def test_uplift_goes_before_acceptance(scores, rng):
    uplift = pd.Series(rng.uniform(-0.1, 0.3, len(scores)), index=scores["customer_id"])
    uplift.iloc[:50] = np.nan
    plan = cp.plan_retention(scores, uplift=uplift.sample(frac=1, random_state=1), offer_cost=10, contact_cost=1, acceptance=0.2, holdout=0)
    told = plan.decisions.set_index("customer_id")["expected_profit"]
    p, v = (scores.set_index("customer_id")[name] for name in ("risk", "value"))
    u = np.minimum(uplift, p)
    after = p - u
    pd.testing.assert_series_equal(told[50:], (u * v - (1 - after) * 10 - 1)[50:], check_names=False)
    alone = cp.plan_retention(scores, offer_cost=10, contact_cost=1, acceptance=0.2, holdout=0).decisions.set_index("customer_id")[
        "expected_profit"
    ]
    assert told[:50].equals(alone[:50])
    assert not plan.contacts["customer_id"].isin(uplift.index[uplift < 0]).any(), "whom a contact drives away is left alone"


def test_costs_come_by_customer(scores, rng):
    cost = pd.Series(rng.uniform(0, 40, len(scores)), index=scores["customer_id"])
    plan = cp.plan_retention(scores, offer_cost=cost.sample(frac=1, random_state=1), playbook={"price": {"offer_cost": 3}}, holdout=0)
    table = plan.table.set_index("customer_id")
    own = table["driver"] != "price"
    pd.testing.assert_series_equal(table["offer_cost"][own], cost.reindex(table.index)[own], check_names=False)
    assert (table["offer_cost"][~own] == 3).all()
    same = cp.plan_retention(scores, offer_cost=np.full(len(scores), 7.0)).table
    pd.testing.assert_frame_equal(same, cp.plan_retention(scores, offer_cost=7.0).table)
    for bad in (cost - 30, cost.iloc[:10]):
        with pytest.raises(UsageError, match=r"out of range|missing values"):
            cp.plan_retention(scores, offer_cost=bad)


@pytest.mark.parametrize(("cost", "n"), [(0.1, 10), (0.1, 30), (0.07, 100)])
def test_a_budget_pays_for_as_many_as_it_does(cost, n):
    """Ten contacts of 0.10 fit into 1.00, and eleven do not."""
    scores = pd.DataFrame({"customer_id": range(n + 5), "risk": 0.5, "value": 100.0})
    plan = cp.plan_retention(scores, offer_cost=0.0, contact_cost=cost, budget=round(cost * n, 2), holdout=0)
    assert (plan.decisions["decision"] == "contact").sum() == n


def test_every_amount_of_a_printed_plan_has_its_unit(scores):
    plan = cp.plan_retention(scores, budget=200, unit="€")
    told = repr(plan)
    expected = re.search(r"expected profit (\S+) \(95 %: (\S+) to (\S+)\),\s+expected spend (\S+)\s+of\s+a\s+budget\s+of\s+(\S+),", told)
    assert expected, told
    assert all("€" in amount for amount in expected.groups())
    assert told.count("€") >= 5 + plan.contacts["driver"].nunique()
    assert "€" not in repr(cp.plan_retention(scores, budget=200))
